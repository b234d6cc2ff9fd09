using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Testing;

/// <summary>Writes ELF core files by hand (System V gABI, chapter 5), good ones and, by overriding a field, bad ones.</summary>
public sealed class ElfCoreBuilder
{
    /// <summary>PT_LOAD.</summary>
    public const uint Load = 1;

    /// <summary>PT_NOTE.</summary>
    public const uint Note = 4;

    private const int HeaderBytes = 64;
    private const int EntryBytes = 56;
    private const int SectionBytes = 64;
    private readonly List<Segment> _segments = [];

    /// <summary>Whether the count of program headers stands in section 0, as it must from 65,535 on (PN_XNUM).</summary>
    public bool CountInSection { get; set; }

    /// <summary>Adds a PT_LOAD. Its bytes follow those of the segment before, after <paramref name="gap"/> bytes that belong to nothing.</summary>
    /// <param name="physical">p_paddr.</param>
    /// <param name="bytes">What the file stores.</param>
    /// <param name="memoryBytes">p_memsz; as many as the file stores unless given.</param>
    /// <param name="gap">0 makes offsets as odd as the sizes before them.</param>
    /// <param name="virtualAddress">p_vaddr.</param>
    public ElfCoreBuilder AddLoad(ulong physical, byte[] bytes, ulong? memoryBytes = null, int gap = 0, ulong virtualAddress = 0)
    {
        _segments.Add(new(Load, physical, bytes, memoryBytes ?? (ulong)bytes.Length, gap, virtualAddress));
        return this;
    }

    /// <summary>Adds a PT_NOTE that holds the notes one after the other.</summary>
    public ElfCoreBuilder AddNotes(params IEnumerable<byte[]> notes)
    {
        byte[] bytes = [.. notes.SelectMany(note => note)];
        _segments.Add(new(Note, 0, bytes, (ulong)bytes.Length, 0, 0));
        return this;
    }

    /// <summary>Adds a program header of another type, to be passed over.</summary>
    public ElfCoreBuilder AddOther(uint type, ulong physical, byte[] bytes)
    {
        _segments.Add(new(type, physical, bytes, (ulong)bytes.Length, 0, 0));
        return this;
    }

    /// <summary>The note that says that memory beyond what a program header stores was zeros: makedumpfile's dump level 1.</summary>
    public static byte[] OnlyZerosLeftOut => NoteBytes("IOMMU_SPY", 2, [1, 0, 0, 0]);

    /// <summary>The bytes of one note, name and descriptor padded to 4.</summary>
    public static byte[] NoteBytes(string name, uint type, byte[] descriptor)
    {
        byte[] nameBytes = Encoding.Latin1.GetBytes(name + '\0');
        byte[] note = new byte[12 + Padded(nameBytes.Length) + Padded(descriptor.Length)];
        BinaryPrimitives.WriteInt32LittleEndian(note, nameBytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(note.AsSpan(4), descriptor.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(note.AsSpan(8), type);
        nameBytes.CopyTo(note, 12);
        descriptor.CopyTo(note, 12 + Padded(nameBytes.Length));
        return note;
    }

    /// <summary>File offset of a field of a program header, for spoiling it: 0 type, 8 offset, 24 physical, 32 bytes in the file, 40 bytes in memory.</summary>
    public static int FieldAt(int programHeader, int field) => HeaderBytes + (programHeader * EntryBytes) + field;

    /// <summary>The file.</summary>
    public byte[] Build()
    {
        int sectionAt = HeaderBytes + (_segments.Count * EntryBytes);
        int dataAt = sectionAt + (CountInSection ? SectionBytes : 0);
        byte[] file = new byte[dataAt + _segments.Sum(segment => segment.Gap + segment.Bytes.Length)];
        "\u007fELF"u8.CopyTo(file);
        file[4] = 2; // ELFCLASS64
        file[5] = 1; // ELFDATA2LSB
        file[6] = 1;
        Write16(file, 16, 4); // ET_CORE
        Write16(file, 18, 62); // EM_X86_64
        Write64(file, 32, HeaderBytes);
        Write16(file, 54, EntryBytes);
        Write16(file, 56, CountInSection ? ushort.MaxValue : (ushort)_segments.Count);
        if (CountInSection)
        {
            Write64(file, 40, (ulong)sectionAt);
            BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(sectionAt + 44), _segments.Count);
        }

        for (int i = 0; i < _segments.Count; i++)
        {
            Segment segment = _segments[i];
            dataAt += segment.Gap;
            BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(FieldAt(i, 0)), segment.Type);
            Write64(file, FieldAt(i, 8), (ulong)dataAt);
            Write64(file, FieldAt(i, 16), segment.VirtualAddress);
            Write64(file, FieldAt(i, 24), segment.Physical);
            Write64(file, FieldAt(i, 32), (ulong)segment.Bytes.Length);
            Write64(file, FieldAt(i, 40), segment.MemoryBytes);
            segment.Bytes.CopyTo(file, dataAt);
            dataAt += segment.Bytes.Length;
        }

        return file;
    }

    private static int Padded(int bytes) => (bytes + 3) & ~3;

    private static void Write16(byte[] file, int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(at), value);

    private static void Write64(byte[] file, int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(at), value);

    private readonly record struct Segment(uint Type, ulong Physical, byte[] Bytes, ulong MemoryBytes, int Gap, ulong VirtualAddress);
}
