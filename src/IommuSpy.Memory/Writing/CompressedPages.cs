using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Writing;

/// <summary>Pages of a piece of memory, compressed, one after another.</summary>
internal sealed class CompressedPages(int count)
{
    private readonly List<(int Length, PageCompression Compression, Kind Kind)> _pages = new(count);
    private byte[] _data = new byte[count * PageFrame.Size / 3];
    private int _length;

    /// <summary>What a page is.</summary>
    internal enum Kind
    {
        /// <summary>The page has bytes to write.</summary>
        Stored,

        /// <summary>It is zeros, and has none.</summary>
        Zero,

        /// <summary>The page could not be read.</summary>
        Missing,
    }

    /// <summary>Bytes, compression and kind of each page.</summary>
    internal IReadOnlyList<(int Length, PageCompression Compression, Kind Kind)> Pages => _pages;

    /// <summary>The bytes of those that have some.</summary>
    internal ReadOnlySpan<byte> Data => _data.AsSpan(0, _length);

    internal void AddZero() => _pages.Add((0, PageCompression.None, Kind.Zero));

    internal void AddMissing() => _pages.Add((0, PageCompression.None, Kind.Missing));

    internal void Add(ReadOnlySpan<byte> bytes, PageCompression compression)
    {
        if (bytes.Length > _data.Length - _length)
        {
            Array.Resize(ref _data, Math.Max(_data.Length * 2, _length + bytes.Length));
        }

        bytes.CopyTo(_data.AsSpan(_length));
        _length += bytes.Length;
        _pages.Add((bytes.Length, compression, Kind.Stored));
    }
}
