using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Formats.Xen;

/// <summary>
/// The sections of a Xen core by name: what other cores have in program headers (System V gABI, chapter 4; Xen, docs/misc/dump-core-format.txt).
/// </summary>
internal sealed class CoreSections
{
    private const int HeaderBytes = 64;
    private const ushort CoreFile = 4; // ET_CORE
    private const int LongestName = 32;

    private readonly Dictionary<string, CoreSection> _byName = new(StringComparer.Ordinal);

    private CoreSections()
    {
    }

    /// <summary>The section of a name, or null.</summary>
    internal CoreSection? this[string name] => _byName.TryGetValue(name, out CoreSection section) ? section : null;

    /// <summary>Whether a file is a 64-bit little-endian core that has sections and no program header.</summary>
    internal static bool AreIn(ImageFile file) =>
        file.Holds(0, HeaderBytes) && file.Span(0, HeaderBytes) is var header && header.StartsWith("\u007fELF\u0002\u0001"u8) &&
        Word(header, 16) == CoreFile && Word(header, 56) == 0 && Word(header, 60) > 0;

    /// <summary>Reads the sections of a core.</summary>
    /// <exception cref="MemoryImageException">The section headers or their names lie outside the file.</exception>
    internal static CoreSections Read(ImageFile file)
    {
        ReadOnlySpan<byte> header = file.Span(0, HeaderBytes);
        ulong table = BinaryPrimitives.ReadUInt64LittleEndian(header[40..]);
        ulong entryBytes = Word(header, 58);
        ulong count = Word(header, 60);
        ulong names = Word(header, 62);
        if (entryBytes < HeaderBytes || names >= count || !file.Holds(table, count * entryBytes))
        {
            throw new MemoryImageException($"{file.Path}: ELF core whose {count} section headers of {entryBytes} bytes at 0x{table:x} do not fit the file "
                + $"(0x{file.Length:x} bytes)");
        }

        CoreSection At(ulong index)
        {
            ReadOnlySpan<byte> entry = file.Span(table + (index * entryBytes), HeaderBytes);
            return new(BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]), BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]));
        }

        CoreSection text = At(names);
        if (!file.Holds(text.Offset, text.Length))
        {
            throw new MemoryImageException($"{file.Path}: ELF core cut off before the names of its sections at 0x{text.Offset:x}: what is where cannot be told "
                + $"(0x{file.Length:x} bytes)");
        }

        CoreSections sections = new();
        for (ulong i = 1; i < count; i++)
        {
            uint name = BinaryPrimitives.ReadUInt32LittleEndian(file.Span(table + (i * entryBytes), sizeof(uint)));
            if (name < text.Length)
            {
                ReadOnlySpan<byte> bytes = file.Span(text.Offset + name, (int)Math.Min(LongestName, text.Length - name));
                int end = bytes.IndexOf((byte)0);
                sections._byName.TryAdd(Encoding.Latin1.GetString(end < 0 ? bytes : bytes[..end]), At(i));
            }
        }

        return sections;
    }

    private static ushort Word(ReadOnlySpan<byte> header, int at) => BinaryPrimitives.ReadUInt16LittleEndian(header[at..]);
}
