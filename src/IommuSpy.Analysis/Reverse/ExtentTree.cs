namespace IommuSpy.Analysis.Reverse;

/// <summary>
/// Which extents hold a page frame: a balanced tree over extents in order of their first frame, each node with the furthest end below it, laid out in the array
/// itself (the middle of a run is its root). A query is O(log n + answers); no pointers, 8 bytes an extent beside the extents.
/// </summary>
internal sealed class ExtentTree
{
    private readonly MappedExtent[] _extents;
    private readonly ulong[] _furthest;

    /// <summary>A tree over extents, which it sorts.</summary>
    public ExtentTree(MappedExtent[] extents)
    {
        Array.Sort(extents,
            static (a, b) =>
                a.Frame != b.Frame ? a.Frame.CompareTo(b.Frame) : a.Space != b.Space ? a.Space.CompareTo(b.Space) : a.Virtual.CompareTo(b.Virtual));
        _extents = extents;
        _furthest = new ulong[extents.Length];
        Build(0, extents.Length);
    }

    /// <summary>How many extents it holds.</summary>
    public int Count => _extents.Length;

    /// <summary>Extents in order of their first frame.</summary>
    public ReadOnlySpan<MappedExtent> Extents => _extents;

    /// <summary>Adds every extent that holds a frame, in order of first frame, space, and address.</summary>
    public void Find(ulong frame, List<MappedExtent> found) => Find(0, _extents.Length, frame, found);

    private ulong Build(int low, int high)
    {
        if (low >= high)
        {
            return 0;
        }

        int middle = (low + high) >>> 1;
        return _furthest[middle] = Math.Max(_extents[middle].EndFrame, Math.Max(Build(low, middle), Build(middle + 1, high)));
    }

    private void Find(int low, int high, ulong frame, List<MappedExtent> found)
    {
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_furthest[middle] <= frame)
            {
                return;
            }

            Find(low, middle, frame, found);
            ref MappedExtent extent = ref _extents[middle];
            if (extent.Frame > frame)
            {
                return;
            }

            if (extent.EndFrame > frame)
            {
                found.Add(extent);
            }

            low = middle + 1;
        }
    }
}
