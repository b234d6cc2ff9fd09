using System.Buffers.Binary;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>The program headers of a 64-bit, little-endian core (System V gABI, chapter 5).</summary>
internal static class ElfProgramHeaders
{
    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int SectionHeaderBytes = 64;
    private const ushort CoreFile = 4; // ET_CORE
    private const uint CountInSection = 0xffff; // PN_XNUM: the count of program headers is in section 0's sh_info

    // A machine has tens of memory ranges; /proc/kcore of a large one has thousands.
    private const uint MaxProgramHeaders = 1 << 20;

    /// <summary>Reads them; what they say of the file is checked by who uses it.</summary>
    /// <param name="file">The core.</param>
    /// <param name="mayLackPhysical">Whether a physical address of -1 says that there is none, as in /proc/kcore since 4.11.</param>
    /// <exception cref="MemoryImageException">It is no such core, or its header does not fit the file.</exception>
    internal static List<ElfProgramHeader> Read(ImageFile file, bool mayLackPhysical = false)
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
                throw new MemoryImageException($"{file.Path}: ELF core whose section header at 0x{sectionOffset:x}, which counts its program headers, is past "
                    + $"the end of the file");
            }

            count = BinaryPrimitives.ReadUInt32LittleEndian(file.Span(sectionOffset + 44, sizeof(uint)));
        }

        if (count > MaxProgramHeaders || entryBytes < ProgramHeaderBytes ||
            tableOffset > file.Length || (ulong)count * (ulong)entryBytes > file.Length - tableOffset)
        {
            throw new MemoryImageException($"{file.Path}: ELF core whose {count} program headers of {entryBytes} bytes at 0x{tableOffset:x} do not fit the "
                + $"file (0x{file.Length:x} bytes)");
        }

        List<ElfProgramHeader> headers = new((int)count);
        for (uint i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = file.Span(tableOffset + (i * (ulong)entryBytes), ProgramHeaderBytes);
            ElfProgramHeader read = new(
                BinaryPrimitives.ReadUInt32LittleEndian(entry),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
                BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]));
            if (read.Type is ElfProgramHeader.Load or ElfProgramHeader.Note &&
                (read.Offset > ulong.MaxValue - read.FileBytes
                    || (!(mayLackPhysical && read.PhysicalAddress == ulong.MaxValue)
                        && read.PhysicalAddress > ulong.MaxValue - Math.Max(read.FileBytes, read.MemoryBytes))))
            {
                throw new MemoryImageException($"{file.Path}: ELF core whose program header {i} (offset 0x{read.Offset:x}, address 0x{read.PhysicalAddress:x}, "
                    + $"size 0x{read.FileBytes:x}) passes 2^64");
            }

            headers.Add(read);
        }

        return headers;
    }
}
