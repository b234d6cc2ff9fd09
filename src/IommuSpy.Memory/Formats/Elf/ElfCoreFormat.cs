using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>
/// ELF core of physical memory: QEMU's dump-guest-memory, /proc/vmcore, makedumpfile -E, VirtualBox. 64-bit, little-endian, PT_LOAD by p_paddr
/// (System V gABI, chapter 5). Notes are kept.
/// </summary>
/// <remarks>
/// Memory beyond what a program header stores (p_memsz beyond p_filesz) is what makedumpfile -E left out, whatever it held: the gABI's zeros are those of
/// programs. It is excluded, unless a note says that only zero pages were left out (<see cref="DumpLevelNote"/>). /proc/vmcore and QEMU leave nothing out.
/// </remarks>
public sealed class ElfCoreFormat : IMemoryFormat
{
    // QEMU keeps less than 2 KiB for each CPU, the kernel less than 1 KiB.
    private const ulong MaxNoteBytes = 16 << 20;
    private const int MachineAt = 18;

    private static ReadOnlySpan<byte> Magic => "\u007fELF"u8;

    /// <inheritdoc/>
    public string Name => "ELF core";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(Magic);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        List<ElfProgramHeader> headers = ElfProgramHeaders.Read(file);
        List<string> damage = [];
        List<StoredRun> runs = [];
        List<PhysicalRange> unstored = [];
        List<ElfNote> notes = [];
        ulong noteBytes = 0;
        ulong lost = 0;
        for (int i = 0; i < headers.Count; i++)
        {
            ElfProgramHeader header = headers[i];
            if (header.Type is not (ElfProgramHeader.Load or ElfProgramHeader.Note))
            {
                continue;
            }

            ulong stored = header.Offset < file.Length ? Math.Min(header.FileBytes, file.Length - header.Offset) : 0;
            if (stored < header.FileBytes)
            {
                lost += header.Type == ElfProgramHeader.Load ? header.FileBytes - stored : 0;
                damage.Add($"program header {i} ends at 0x{header.Offset + header.FileBytes:x} and the file at "
                    + $"0x{file.Length:x}: {Size.Text(header.FileBytes - stored)} of {(header.Type == ElfProgramHeader.Load ? "RAM" : "notes")} is missing");
            }

            if (header.Type == ElfProgramHeader.Note)
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

            // What the file never meant to store was left out; what it lost is missing.
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

        if (headers.Count(h => h.Type == ElfProgramHeader.Load) > 1 && headers.Where(h => h.Type == ElfProgramHeader.Load).All(h => h.PhysicalAddress == 0))
        {
            throw new MemoryImageException($"{file.Path}: ELF core with virtual addresses only (every p_paddr is 0): take the dump with physical addresses "
                + $"(QEMU: paging=false)");
        }

        bool isOfQemu = notes.Exists(note => note.Name == "QEMU");
        if (isOfQemu)
        {
            runs = QemuBlocks.Filled(runs);
        }

        // The same memory under several virtual addresses: the kernel's image in /proc/vmcore, everything in QEMU's dumps with paging.
        List<StoredRun> pointedAt = runs;
        runs = StoredRun.Disjoint(runs);
        if (isOfQemu)
        {
            RefuseMisplaced(file, headers, pointedAt, runs);
        }

        int? level = DumpLevelNote.In(notes);
        notes.RemoveAll(DumpLevelNote.IsOne);
        bool excludedAreZero = level == DumpLevelNote.ZeroPagesOnly;
        List<PhysicalRange> excluded = [.. StoredRun.NotIn(runs, unstored)];
        IEnumerable<MemorySegment> segments = runs.Select(run => file.SegmentAt(new(run.Start), run.Offset, run.Length))
            .Concat(excluded.Select(range => MemorySegment.Behind(excludedAreZero ? ZeroSegment.Instance : ExcludedSegment.Instance, range)));
        IEnumerable<PhysicalRange> data = runs.SelectMany(run => FileData.In(file, new(run.Start), run.Offset, run.Length));
        ulong excludedBytes = excludedAreZero ? 0 : excluded.Aggregate(0UL, (sum, range) => sum + range.Length);
        return new(file, Name, [new(PhysicalMemory.Of(file, Name, segments, data, lost, excludedBytes), "program headers, by physical address")])
        {
            Notes = notes,
            Cpus = [.. notes.Select(note => QemuCpuNote.Read(note) ?? VirtualBoxNote.Read(note)).OfType<CpuState>()],
            Machine = MachineOf(file),
            Damage = damage,
            DumpLevel = level,
        };
    }

    // e_machine; 0 is EM_NONE.
    private static ImageMachine? MachineOf(ImageFile file) =>
        file.Holds(MachineAt, sizeof(ushort)) && BinaryPrimitives.ReadUInt16LittleEndian(file.Span(MachineAt, sizeof(ushort))) is var machine and not 0
            ? new(machine, null) : null;

    // Of a mapping that goes on into another block of memory, QEMU's dump with paging says that the rest is not stored, and stores it where no header may
    // point. What two headers store twice, as makedumpfile -E does with the kernel's image, is pointed at.
    private static void RefuseMisplaced(ImageFile file, List<ElfProgramHeader> headers, List<StoredRun> pointedAt, List<StoredRun> runs)
    {
        IEnumerable<PhysicalRange> rests = headers
            .Where(header => header.Type == ElfProgramHeader.Load && header.FileBytes > 0 && header.MemoryBytes > header.FileBytes)
            .Select(header => new PhysicalRange(new(header.PhysicalAddress + header.FileBytes), header.MemoryBytes - header.FileBytes));
        ulong outside = StoredRun.NotIn(runs, rests).Any() ? QemuBlocks.BytesOutside(pointedAt, file.Length) : 0;
        if (outside >= PageFrame.Size)
        {
            throw new MemoryImageException(
                $"{file.Path}: ELF core of QEMU with paging, where no program header points at {Size.Text(outside)} of the memory in it: "
                + "take it with paging=false (virsh dump --memory-only)");
        }
    }
}
