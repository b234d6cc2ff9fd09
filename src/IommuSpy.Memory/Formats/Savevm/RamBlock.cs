namespace IommuSpy.Memory.Formats.Savevm;

/// <summary>A block of a guest's memory in a saved state, and where each of its pages stands in the stream.</summary>
/// <param name="Name">QEMU's name for it: of a memory backend, its id.</param>
/// <param name="Length">Bytes.</param>
internal sealed record RamBlock(string Name, ulong Length)
{
    private readonly ulong[] _pages = new ulong[(Length + PageFrame.Size - 1) >> PageFrame.Shift];

    /// <summary>Pages there are.</summary>
    internal int Pages => _pages.Length;

    /// <summary>A page that the stream holds; one that comes again replaces itself.</summary>
    internal void Store(ulong page, ulong offset) => _pages[page] = offset << 1;

    /// <summary>A page that is one byte over and over.</summary>
    internal void Fill(ulong page, byte value) => _pages[page] = ((ulong)value << 1) | 1;

    /// <summary>Whether the stream had the page.</summary>
    internal bool Has(ulong page) => _pages[page] != 0;

    /// <summary>The page's offset in the stream, or the byte that fills it.</summary>
    internal (ulong? Offset, byte Fill) this[ulong page] => (_pages[page] & 1) == 0 ? (_pages[page] >> 1, (byte)0) : (null, (byte)(_pages[page] >> 1));
}
