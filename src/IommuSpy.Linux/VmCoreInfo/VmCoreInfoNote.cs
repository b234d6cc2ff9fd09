using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Linux.VmCoreInfo;

/// <summary>
/// What a kernel says about itself for whoever reads its dump: lines "NAME=value" and "KIND(name)=value" from "OSRELEASE=" on (include/linux/crash_core.h and
/// vmcore_info.h, Documentation/admin-guide/kdump/vmcoreinfo.rst). The values are one kernel's word, found in memory that may hold several kernels' notes,
/// stale ones included: confirm before relying on them.
/// </summary>
public sealed record VmCoreInfoNote
{
    /// <summary>
    /// Bytes of text that are looked at. The kernel's own limit is one page less the header (VMCOREINFO_BYTES), which is 64 KiB where pages are of that size.
    /// </summary>
    public const int MaximumLength = 64 << 10;

    /// <summary>Elf64_Nhdr {namesz, descsz, type} and the name, padded to 4 bytes.</summary>
    private const int HeaderSize = 24;
    private const uint NameSize = 11;

    /// <summary>Bytes that hold the first two lines: a release has at most 64 (__NEW_UTS_LEN).</summary>
    private const int LongestStart = 512;

    /// <summary>Printable ASCII and the newline.</summary>
    private static readonly SearchValues<byte> TextBytes = SearchValues.Create([(byte)'\n', .. Enumerable.Range(0x20, 0x7f - 0x20).Select(b => (byte)b)]);

    private readonly FrozenDictionary<string, string> _values;

    private VmCoreInfoNote(string text, FrozenDictionary<string, string> values)
    {
        Text = text;
        _values = values;
        Release = values["OSRELEASE"];
    }

    /// <summary>All of it, as the kernel wrote it: whole lines, ASCII.</summary>
    public string Text { get; }

    /// <summary>OSRELEASE: what uname -r prints, such as "6.1.0-56-amd64".</summary>
    public string Release { get; }

    /// <summary>BUILD-ID in hexadecimal digits, or null. Some stable kernels print garbage here.</summary>
    public string? BuildId => _values.GetValueOrDefault("BUILD-ID");

    /// <summary>PAGESIZE in bytes, or null.</summary>
    public long? PageSize => TryParseNumber(_values.GetValueOrDefault("PAGESIZE"), out long value) ? value : null;

    /// <summary>KERNELOFFSET: bytes by which KASLR moved the text from where it was linked, modulo 2^64; null where the kernel does not say.</summary>
    public ulong? KernelOffset => TryParseHex(_values.GetValueOrDefault("KERNELOFFSET"), out ulong value) ? value : null;

    /// <summary>Number of lines.</summary>
    public int Count => _values.Count;

    private static ReadOnlySpan<byte> Start => "OSRELEASE="u8;

    private static ReadOnlySpan<byte> Name => "VMCOREINFO\0\0"u8;

    /// <summary>
    /// Reads the text of a note, which ends at the first byte that is not text, at its end or at <see cref="MaximumLength"/>. A last line without its newline
    /// is left out: it may be cut in the middle of a number. Of lines with the same name the first counts.
    /// </summary>
    /// <param name="text">From "OSRELEASE=" on; the descriptor of the note, without header and name.</param>
    /// <param name="note">The note.</param>
    /// <returns>False if the text does not begin as a kernel's: a release that starts with a digit, and another "name=value" line.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, [NotNullWhen(true)] out VmCoreInfoNote? note)
    {
        note = null;
        text = text[..TextLength(text)];
        if (!IsNote(text))
        {
            return false;
        }

        string whole = Encoding.ASCII.GetString(text[..(text.LastIndexOf((byte)'\n') + 1)]);
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int end = text.IndexOf((byte)'\n'); end >= 0; end = text.IndexOf((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[..end];
            text = text[(end + 1)..];
            int equals = line.IndexOf((byte)'=');
            if (equals > 0)
            {
                values.TryAdd(Encoding.ASCII.GetString(line[..equals]), Encoding.ASCII.GetString(line[(equals + 1)..]));
            }
        }

        note = new VmCoreInfoNote(whole, values.ToFrozenDictionary(StringComparer.Ordinal));
        return true;
    }

    /// <summary>
    /// Every note in a piece of memory, in ascending order: those with an ELF header and bare texts. A caller who goes through memory piece by piece lets
    /// pieces overlap by
    /// <see cref="MaximumLength"/> and 24 bytes of header, and drops what it has seen.
    /// </summary>
    public static IReadOnlyList<VmCoreInfoLocation> FindAll(ReadOnlySpan<byte> memory)
    {
        var found = new List<VmCoreInfoLocation>();
        int from = 0;
        while (memory[from..].IndexOf(Start) is var next and >= 0)
        {
            int offset = from + next;
            int? descriptor = DescriptorSize(memory[..offset]);
            int limit = descriptor ?? MaximumLength;
            ReadOnlySpan<byte> text = memory.Slice(offset, Math.Min(memory.Length - offset, limit));
            from = offset + Start.Length;
            if (IsNote(text))
            {
                // Going on behind the text keeps this linear, whatever the text holds.
                int length = TextLength(text);
                bool isCut = offset + length == memory.Length && length < limit;
                found.Add(new VmCoreInfoLocation(descriptor is null ? offset : offset - HeaderSize, offset, length, descriptor is not null, isCut));
                from = offset + length;
            }
        }

        return found;
    }

    /// <summary>SYMBOL(name): an address, KASLR's offset included.</summary>
    public bool TryGetSymbol(string name, out VirtualAddress address)
    {
        bool found = TryParseHex(Value("SYMBOL", name), out ulong value);
        address = new VirtualAddress(value);
        return found;
    }

    /// <summary>Every SYMBOL(name).</summary>
    public IEnumerable<(string Name, VirtualAddress Address)> Symbols
    {
        get
        {
            const string Kind = "SYMBOL(";
            foreach (string key in _values.Keys.Where(key => key.StartsWith(Kind, StringComparison.Ordinal) && key.EndsWith(')')))
            {
                if (TryGetSymbol(key[Kind.Length..^1], out VirtualAddress address))
                {
                    yield return (key[Kind.Length..^1], address);
                }
            }
        }
    }

    /// <summary>
    /// NUMBER(name): signed. phys_base is negative where the text lies below where it was linked; an unsigned mask appears as its two's complement.
    /// </summary>
    public bool TryGetNumber(string name, out long value) => TryParseNumber(Value("NUMBER", name), out value);

    /// <summary>SIZE(type): bytes.</summary>
    public bool TryGetSize(string type, out long value) => TryParseNumber(Value("SIZE", type), out value);

    /// <summary>OFFSET(type.member): bytes. <paramref name="member"/> is as in "page.flags".</summary>
    public bool TryGetOffset(string member, out long value) => TryParseNumber(Value("OFFSET", member), out value);

    /// <summary>LENGTH(name): elements of an array.</summary>
    public bool TryGetLength(string name, out long value) => TryParseNumber(Value("LENGTH", name), out value);

    private string? Value(string kind, string name) => _values.GetValueOrDefault($"{kind}({name})");

    /// <summary>Looks at two lines at most, so that it costs the same on any bytes.</summary>
    private static bool IsNote(ReadOnlySpan<byte> text)
    {
        // The kernel's own image holds "OSRELEASE=%s": the format, not a note.
        text = text[..Math.Min(text.Length, LongestStart)];
        text = text[..TextLength(text)];
        if (!text.StartsWith(Start) || text.Length == Start.Length || !char.IsAsciiDigit((char)text[Start.Length]))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = text[(text.IndexOf((byte)'\n') + 1)..];
        int end = rest.IndexOf((byte)'\n');
        return rest.Length < text.Length && end > 0 && rest[..end].IndexOf((byte)'=') > 0;
    }

    /// <summary>Bytes up to the first that is neither printable ASCII nor a newline.</summary>
    private static int TextLength(ReadOnlySpan<byte> text)
    {
        text = text[..Math.Min(text.Length, MaximumLength)];
        int end = text.IndexOfAnyExcept(TextBytes);
        return end < 0 ? text.Length : end;
    }

    /// <summary>Bytes of the descriptor, by the note header that <paramref name="before"/> ends with; null if it ends with none.</summary>
    private static int? DescriptorSize(ReadOnlySpan<byte> before)
    {
        if (before.Length < HeaderSize || !before.EndsWith(Name))
        {
            return null;
        }

        ReadOnlySpan<byte> header = before[^HeaderSize..];
        uint size = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == NameSize && BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) == 0 && size <= MaximumLength
            ? (int)size
            : null;
    }

    /// <summary>Decimal; some architectures print addresses as NUMBER, with 0x.</summary>
    private static bool TryParseNumber(string? text, out long value)
    {
        if (text?.StartsWith("0x", StringComparison.Ordinal) == true)
        {
            bool parsed = TryParseHex(text, out ulong bits);
            value = unchecked((long)bits);
            return parsed;
        }

        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static bool TryParseHex(string? text, out ulong value)
    {
        ReadOnlySpan<char> digits = text;
        if (digits.StartsWith("0x", StringComparison.Ordinal))
        {
            digits = digits[2..];
        }

        return ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
