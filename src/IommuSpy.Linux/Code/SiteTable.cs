using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>A table that the linker makes of places in code.</summary>
/// <param name="Start">The symbol at its first byte.</param>
/// <param name="Stop">The symbol behind its last byte.</param>
/// <param name="Pointer">The field of struct module that leads to a module's own.</param>
/// <param name="Count">The field of struct module with its number of entries.</param>
/// <param name="Forms">The forms that it has had, newest first.</param>
internal sealed record SiteTable(string Start, string Stop, string Pointer, string Count, IReadOnlyList<SiteForm> Forms);

/// <summary>A form of such a table's entries.</summary>
/// <param name="bytes">Bytes of an entry.</param>
internal abstract class SiteForm(int bytes)
{
    /// <summary>Bytes of an entry.</summary>
    public int Bytes { get; } = bytes;

    /// <summary>Whether the entries are in order of their code.</summary>
    public virtual bool IsSorted => false;

    /// <summary>Reads one; null for one that makes no sense.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="entry">Its bytes.</param>
    /// <param name="at">Where it is: distances in it are from their own place, or from here.</param>
    public abstract CodeSite? Read(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at);

    /// <summary>Whether one that is read is as those of this form are; of some, an exception may not be.</summary>
    public virtual bool IsTypical(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at) => true;

    /// <summary>What is so far from a place in the entry as the number there says.</summary>
    protected static VirtualAddress Near(ReadOnlySpan<byte> entry, VirtualAddress at, int offset) =>
        at + (ulong)(offset + (long)BinaryPrimitives.ReadInt32LittleEndian(entry[offset..]));
}

/// <summary>struct jump_entry.</summary>
internal sealed class JumpForm : SiteForm
{
    // The lowest bits of the key are flags.
    private const ulong KeyFlags = 3;
    private readonly bool _isRelative;

    private JumpForm(bool isRelative)
        : base(isRelative ? 16 : 24) => _isRelative = isRelative;

    /// <summary>Distances: since 4.20 on x86.</summary>
    public static JumpForm Relative { get; } = new(true);

    /// <summary>Three addresses.</summary>
    public static JumpForm Absolute { get; } = new(false);

    public override CodeSite? Read(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at)
    {
        if (!_isRelative)
        {
            return new(new(BinaryPrimitives.ReadUInt64LittleEndian(entry)), CodeSiteKind.JumpLabel,
                new(BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]) & ~KeyFlags));
        }

        VirtualAddress key = at + 8 + BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]);
        return new(Near(entry, at, 0), CodeSiteKind.JumpLabel, new(key.Value & ~KeyFlags));
    }
}

/// <summary>struct static_call_site.</summary>
internal sealed class StaticCallForm() : SiteForm(8)
{
    // Whether the call is a jump, and whether its code was freed.
    private const ulong Flags = 3;

    public override CodeSite? Read(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at) =>
        new(Near(entry, at, 0), CodeSiteKind.StaticCall, new(Near(entry, at, 4).Value & ~Flags));
}

/// <summary>struct exception_table_entry: with a third number since 4.6.</summary>
internal sealed class FaultForm(int bytes) : SiteForm(bytes)
{
    // Read in the wrong form, every other address is that of a place to go on at.
    public override bool IsSorted => true;

    public override CodeSite? Read(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at) =>
        new(Near(entry, at, 0), CodeSiteKind.Fault, Near(entry, at, 4));
}

/// <summary>struct bug_entry with file and line (CONFIG_DEBUG_BUGVERBOSE).</summary>
internal sealed class BugForm : SiteForm
{
    private const int MostNameBytes = 256;
    private const ushort WarningFlag = 1;
    private readonly int _file;
    private readonly int _from;

    private BugForm(int file, int from)
        : base(file + 8) => (_file, _from) = (file, from);

    /// <summary>
    /// The name's distance from its own place, since 6.0; from the entry's beginning, before; and with a format before it, in the newest.
    /// </summary>
    public static IReadOnlyList<SiteForm> All { get; } = [new BugForm(4, 4), new BugForm(4, 0), new BugForm(8, 8)];

    public override CodeSite? Read(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at)
    {
        ushort line = BinaryPrimitives.ReadUInt16LittleEndian(entry[(_file + 4)..]);
        ushort flags = BinaryPrimitives.ReadUInt16LittleEndian(entry[(_file + 6)..]);
        Span<byte> name = stackalloc byte[MostNameBytes];
        ReadOnlySpan<byte> text = name[..kernel.Space.Read(NameOf(entry, at), name)];
        int end = text.IndexOf((byte)0);
        if (end <= 0 || text[..end].ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return null;
        }

        string place = string.Create(CultureInfo.InvariantCulture, $"{Encoding.ASCII.GetString(text[..end])}:{line}");
        return new(Near(entry, at, 0), (flags & WarningFlag) != 0 ? CodeSiteKind.Warning : CodeSiteKind.Bug, null, place);
    }

    // A name begins behind another's end, but for the first of all: read with the wrong beginning it does not.
    public override bool IsTypical(LinuxKernel kernel, ReadOnlySpan<byte> entry, VirtualAddress at)
    {
        Span<byte> before = stackalloc byte[1];
        return kernel.Space.Read(new(NameOf(entry, at).Value - 1), before) == 1 && before[0] == 0;
    }

    private VirtualAddress NameOf(ReadOnlySpan<byte> entry, VirtualAddress at) =>
        at + (ulong)(_from + (long)BinaryPrimitives.ReadInt32LittleEndian(entry[_file..]));
}
