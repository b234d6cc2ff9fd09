using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>
/// ELF core of physical memory: QEMU's dump-guest-memory, /proc/vmcore, makedumpfile -E, VirtualBox. 64-bit, little-endian, PT_LOAD by p_paddr
/// (System V gABI, chapter 5). Notes are kept.
/// </summary>
public sealed class ElfCoreFormat : IMemoryFormat
{
    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int SectionHeaderBytes = 64;
    private const ushort CoreFile = 4; // ET_CORE
    private const uint LoadSegment = 1; // PT_LOAD
    private const uint NoteSegment = 4; // PT_NOTE
    private const uint CountInSection = 0xffff; // PN_XNUM: the count of program headers is in section 0's sh_info

    // A machine has tens of memory ranges; /proc/kcore of a large one has thousands.
    private const uint MaxProgramHeaders = 1 << 20;

    // QEMU keeps less than 2 KiB for each CPU, the kernel less than 1 KiB.
    private const ulong MaxNoteBytes = 16 << 20;

    private static ReadOnlySpan<byte> Magic => "\u007fELF"u8;

    /// <inheritdoc/>
    public string Name => "ELF core";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(Magic);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        List<ProgramHeader> headers = ReadProgramHeaders(file);
        List<string> damage = [];
        List<StoredRun> runs = [];
        List<PhysicalRange> unstored = [];
        List<ElfNote> notes = [];
        ulong noteBytes = 0;
        ulong lost = 0;
        for (int i = 0; i < headers.Count; i++)
        {
            ProgramHeader header = headers[i];
            if (header.Type is not (LoadSegment or NoteSegment))
            {
                continue;
            }

            ulong stored = header.Offset < file.Length ? Math.Min(header.FileBytes, file.Length - header.Offset) : 0;
            if (stored < header.FileBytes)
            {
                lost += header.Type == LoadSegment ? header.FileBytes - stored : 0;
                damage.Add($"program header {i} ends at 0x{header.Offset + header.FileBytes:x} and the file at 0x{file.Length:x}: {Size.Text(header.FileBytes - stored)} of {(header.Type == LoadSegment ? "RAM" : "notes")} is missing");
            }

            if (header.Type == NoteSegment)
            {
                // Summed over the headers: many that point at the same notes would multiply them.
                noteBytes += Math.Min(stored, MaxNoteBytes + 1);
                if (noteBytes > MaxNoteBytes)
                {
                    throw new MemoryImageException($"{file.Path}: ELF core whose notes, up to program header {i}, take more than {Size.Text(MaxNoteBytes)}");
                }

                notes.AddRange(stored > 0 ? ElfNotes.Read(file.Span(header.Offset, (int)stored)) : []);
                continue;
            }

            PhysicalAddress start = new(header.PhysicalAddress);
            if (stored > 0)
            {
                runs.Add(new(start.Value, header.Offset, stored));
            }

            if (header.FileBytes == 0 && notes.Exists(VirtualBoxNote.IsOfCore))
            {
                continue;
            }

            // Only what the file never meant to store reads as zero: what it lost is missing.
            if (header.MemoryBytes > header.FileBytes && stored == header.FileBytes)
            {
                unstored.Add(new(start + stored, header.MemoryBytes - stored));
            }
        }

        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{file.Path}: ELF core, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        if (runs.Count + unstored.Count == 0)
        {
            throw new MemoryImageException($"{file.Path}: ELF core with no memory in it (no PT_LOAD program header with bytes)");
        }

        if (headers.Count(h => h.Type == LoadSegment) > 1 && headers.Where(h => h.Type == LoadSegment).All(h => h.PhysicalAddress == 0))
        {
            throw new MemoryImageException($"{file.Path}: ELF core with virtual addresses only (every p_paddr is 0): take the dump with physical addresses (QEMU: paging=false)");
        }

        // The same memory under several virtual addresses: the kernel's image in /proc/vmcore, everything in QEMU's dumps with paging.
        runs = StoredRun.Disjoint(runs);
        List<PhysicalRange> zeros = [.. StoredRun.NotIn(runs, unstored)];
        IEnumerable<MemorySegment> segments = runs.Select(run => file.SegmentAt(new(run.Start), run.Offset, run.Length))
            .Concat(zeros.Select(range => MemorySegment.Behind(ZeroSegment.Instance, range)));
        IEnumerable<PhysicalRange> data = runs.SelectMany(run => FileData.In(file, new(run.Start), run.Offset, run.Length));
        ulong zeroBytes = zeros.Aggregate(0UL, (sum, range) => sum + range.Length);
        return new(file, Name, [new(PhysicalMemory.Of(file, Name, segments, data, lost, zeroBytes), "program headers, by physical address")])
        {
            Notes = notes,
            Cpus = [.. notes.Select(note => QemuCpuNote.Read(note) ?? VirtualBoxNote.Read(note)).OfType<CpuState>()],
            Damage = damage,
        };
    }

    private static List<ProgramHeader> ReadProgramHeaders(ImageFile file)
    {
        if (file.Length < HeaderBytes)
        {
            throw new MemoryImageException($"{file.Path}: ELF file cut off inside its header (0x{file.Length:x} bytes)");
        }

        ReadOnlySpan<byte> header = file.Span(0, HeaderBytes);
        if (header[4] != 2 || header[5] != 1)
        {
            throw new MemoryImageException($"{file.Path}: ELF file, but not 64-bit little-endian (EI_CLASS {header[4]}, EI_DATA {header[5]})");
        }

        if (BinaryPrimitives.ReadUInt16LittleEndian(header[16..]) is ushort type and not CoreFile)
        {
            throw new MemoryImageException($"{file.Path}: ELF file of type {type}, not a core (type 4): no memory image");
        }

        ulong tableOffset = BinaryPrimitives.ReadUInt64LittleEndian(header[32..]);
        ulong sectionOffset = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        int entryBytes = BinaryPrimitives.ReadUInt16LittleEndian(header[54..]);
        uint count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        if (count == CountInSection)
        {
            if (sectionOffset > file.Length || file.Length - sectionOffset < SectionHeaderBytes)
            {
                throw new MemoryImageException($"{file.Path}: ELF core whose section header at 0x{sectionOffset:x}, which counts its program headers, is past the end of the file");
            }

            count = BinaryPrimitives.ReadUInt32LittleEndian(file.Span(sectionOffset + 44, sizeof(uint)));
        }

        if (count > MaxProgramHeaders || entryBytes < ProgramHeaderBytes ||
            tableOffset > file.Length || (ulong)count * (ulong)entryBytes > file.Length - tableOffset)
        {
            throw new MemoryImageException($"{file.Path}: ELF core whose {count} program headers of {entryBytes} bytes at 0x{tableOffset:x} do not fit the file (0x{file.Length:x} bytes)");
        }

        List<ProgramHeader> headers = new((int)count);
        for (uint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = file.Span(tableOffset + (i * (ulong)entryBytes), ProgramHeaderBytes);
            ProgramHeader read = new(
                BinaryPrimitives.ReadUInt32LittleEndian(entry),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]));
            if (read.Type is LoadSegment or NoteSegment &&
                (read.Offset > ulong.MaxValue - read.FileBytes || read.PhysicalAddress > ulong.MaxValue - Math.Max(read.FileBytes, read.MemoryBytes)))
            {
                throw new MemoryImageException($"{file.Path}: ELF core whose program header {i} (offset 0x{read.Offset:x}, address 0x{read.PhysicalAddress:x}, size 0x{read.FileBytes:x}) passes 2^64");
            }

            headers.Add(read);
        }

        return headers;
    }

    private readonly record struct ProgramHeader(uint Type, ulong Offset, ulong PhysicalAddress, ulong FileBytes, ulong MemoryBytes);
}
