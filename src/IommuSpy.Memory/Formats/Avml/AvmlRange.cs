namespace IommuSpy.Memory.Formats.Avml;

/// <summary>A range of an AVML file and where its frames are.</summary>
internal sealed class AvmlRange
{
    private readonly List<ulong> _starts = [];
    private readonly List<(ulong Offset, int Bytes, byte Type)> _frames = [];

    internal AvmlRange(PhysicalRange range) => Range = range;

    /// <summary>The addresses.</summary>
    internal PhysicalRange Range { get; }

    /// <summary>Whether its header has no body: it is zeros (avml up to 0.17.0).</summary>
    internal bool IsZero { get; set; }

    /// <summary>Bytes that its frames make.</summary>
    internal ulong Plain { get; private set; }

    /// <summary>Number of its first block.</summary>
    internal ulong FirstBlock { get; set; }

    /// <summary>How many frames there are.</summary>
    internal int Frames => _frames.Count;

    internal void Add(ulong offset, int bytes, byte type, int plain)
    {
        _starts.Add(Plain);
        _frames.Add((offset, bytes, type));
        Plain += (ulong)plain;
    }

    /// <summary>Index of the frame that holds a byte of the range.</summary>
    internal int FrameAt(ulong offset)
    {
        int i = _starts.BinarySearch(offset);
        return i >= 0 ? i : ~i - 1;
    }

    /// <summary>Where a frame's data stand, and which bytes of the range they make.</summary>
    internal (ulong Offset, int Bytes, byte Type, ulong Start, ulong End) Frame(int i) =>
        (_frames[i].Offset, _frames[i].Bytes, _frames[i].Type, _starts[i], i + 1 < _starts.Count ? _starts[i + 1] : Plain);
}
