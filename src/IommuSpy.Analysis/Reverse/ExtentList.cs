using System.Collections;

namespace IommuSpy.Analysis.Reverse;

/// <summary>Extents in the order in which they came, in pieces: there may be millions, and an array that grows would hold them twice.</summary>
internal sealed class ExtentList : IReadOnlyCollection<MappedExtent>
{
    private const int FirstPiece = 32;

    // 64 KiB, below what the runtime keeps apart and seldom collects.
    private const int LargestPiece = 2048;

    private readonly List<MappedExtent[]> _pieces = [];
    private int _used;

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <summary>All extents of several lists, one list after the other.</summary>
    public static MappedExtent[] Join(IReadOnlyList<ExtentList> lists)
    {
        MappedExtent[] all = new MappedExtent[lists.Sum(list => list.Count)];
        int at = 0;
        foreach (ExtentList list in lists)
        {
            for (int i = 0; i < list._pieces.Count; i++)
            {
                ReadOnlySpan<MappedExtent> piece = list.Piece(i);
                piece.CopyTo(all.AsSpan(at));
                at += piece.Length;
            }
        }

        return all;
    }

    /// <summary>Adds one.</summary>
    public void Add(in MappedExtent extent)
    {
        if (_pieces.Count == 0 || _used == _pieces[^1].Length)
        {
            _pieces.Add(new MappedExtent[Math.Clamp(Count, FirstPiece, LargestPiece)]);
            _used = 0;
        }

        _pieces[^1][_used++] = extent;
        Count++;
    }

    /// <inheritdoc/>
    public IEnumerator<MappedExtent> GetEnumerator()
    {
        for (int i = 0; i < _pieces.Count; i++)
        {
            for (int at = 0; at < Piece(i).Length; at++)
            {
                yield return _pieces[i][at];
            }
        }
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private ReadOnlySpan<MappedExtent> Piece(int i) => _pieces[i].AsSpan(0, i == _pieces.Count - 1 ? _used : _pieces[i].Length);
}
