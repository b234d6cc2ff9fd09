using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Linux.Types.Files;

/// <summary>The sections of a 64-bit little-endian ELF file: a kernel's vmlinux, or a module.</summary>
internal sealed class ElfSections
{
    // Elf64_Ehdr and Elf64_Shdr (System V ABI, ELF-64 object file format).
    private const int HeaderBytes = 64;
    private const int SectionBytes = 64;
    private const uint NoBits = 8;
    private const ulong CompressedFlag = 0x800;

    // Debian's modules have up to some 100; a kernel built with -ffunction-sections has tens of thousands.
    private const int MaxSections = 1 << 17;
    private const ulong MaxSectionBytes = 1UL << 30;
    private const int MaxNameBytes = 256;

    private readonly FileStream _file;
    private readonly List<(string Name, ulong Offset, ulong Size)> _sections = [];

    private ElfSections(FileStream file) => _file = file;

    /// <summary>Whether a file's first bytes are those of such an ELF file.</summary>
    public static bool Recognises(ReadOnlySpan<byte> start) => start.Length >= 6 && start.StartsWith("\u007fELF"u8) && start[4] == 2 && start[5] == 1;

    /// <summary>Reads the section headers.</summary>
    /// <exception cref="MissingTypeException">They make no sense.</exception>
    public static ElfSections Read(FileStream file, string path)
    {
        byte[] header = new byte[HeaderBytes];
        if (Take(file, 0, header) != HeaderBytes)
        {
            throw Damaged(path, "its header is cut off");
        }

        ulong at = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40));
        int size = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(58));
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60));
        int names = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(62));
        if (size != SectionBytes)
        {
            throw Damaged(path, "it has no section headers");
        }

        byte[] first = new byte[SectionBytes];
        if (Take(file, at, first) != SectionBytes)
        {
            throw Damaged(path, "its section headers are cut off");
        }

        // Counts past 16 bits stand in the first header.
        long total = count == 0 ? (long)Math.Min(BinaryPrimitives.ReadUInt64LittleEndian(first.AsSpan(32)), int.MaxValue) : count;
        long namesAt = names == 0xffff ? BinaryPrimitives.ReadUInt32LittleEndian(first.AsSpan(40)) : names;
        byte[] table = new byte[total is > 0 and <= MaxSections ? total * SectionBytes : throw Damaged(path, $"it counts {total} sections")];
        if (Take(file, at, table) != table.Length || namesAt >= total)
        {
            throw Damaged(path, "its section headers are cut off");
        }

        ElfSections sections = new(file);
        (ulong Offset, ulong Size) texts = Place(table, (int)namesAt);
        byte[] strings = new byte[texts.Size <= MaxSections * MaxNameBytes ? texts.Size : throw Damaged(path, "its section names make no sense")];
        int length = Take(file, texts.Offset, strings);
        for (int i = 0; i < (int)total; i++)
        {
            ReadOnlySpan<byte> entry = table.AsSpan(i * SectionBytes, SectionBytes);
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            bool hasBytes = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) != NoBits
                && (BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]) & CompressedFlag) == 0;
            (ulong offset, ulong bytes) = Place(table, i);
            if (name < length)
            {
                ReadOnlySpan<byte> rest = strings.AsSpan((int)name, Math.Min(length - (int)name, MaxNameBytes));
                int end = rest.IndexOf((byte)0);
                sections._sections.Add((Encoding.ASCII.GetString(end < 0 ? rest : rest[..end]), offset, hasBytes ? bytes : 0));
            }
        }

        return sections;
    }

    /// <summary>Whether there is a section of a name, its bytes in the file or not.</summary>
    public bool Has(string name) => _sections.Any(section => section.Name == name);

    /// <summary>The bytes of a section; null where the file has none, or not all of them.</summary>
    public byte[]? Bytes(string name)
    {
        foreach ((string found, ulong offset, ulong size) in _sections)
        {
            if (found == name && size is > 0 and <= MaxSectionBytes && offset <= (ulong)_file.Length && size <= (ulong)_file.Length - offset)
            {
                byte[] bytes = new byte[size];
                return Take(_file, offset, bytes) == bytes.Length ? bytes : null;
            }
        }

        return null;
    }

    private static (ulong Offset, ulong Size) Place(byte[] table, int index) =>
        (BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan((index * SectionBytes) + 24)),
            BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan((index * SectionBytes) + 32)));

    private static int Take(FileStream file, ulong offset, Span<byte> destination)
    {
        if (offset > long.MaxValue)
        {
            return 0;
        }

        file.Position = (long)offset;
        return file.ReadAtLeast(destination, destination.Length, throwOnEndOfStream: false);
    }

    private static MissingTypeException Damaged(string path, string what) => new($"{path}: ELF, but {what}");
}
