namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>The different events of a log, each once, in the order of their first line, with how often each came.</summary>
/// <remarks>Holds no more than <see cref="MostEvents"/>.</remarks>
public sealed class FaultCounts
{
    /// <summary>Most events that are told apart.</summary>
    public const int MostEvents = 10_000;

    private readonly Dictionary<string, int> _places = [];
    private readonly List<(FaultLine Line, int Count)> _events = [];

    /// <summary>Each event with its count.</summary>
    public IReadOnlyList<(FaultLine Line, int Count)> Events => _events;

    /// <summary>Lines of events beyond those that are told apart, which were passed over.</summary>
    public long Dropped { get; private set; }

    /// <summary>Reads a log to its end.</summary>
    public static FaultCounts Read(Stream input)
    {
        FaultCounts counts = new();
        FaultLog log = new();
        foreach (string line in FaultLog.Lines(input))
        {
            counts.Add(log.Add(line));
        }

        counts.Add(log.End());
        return counts;
    }

    private void Add(FaultLine? line)
    {
        if (line is null)
        {
            return;
        }

        if (_places.TryGetValue(line.Key, out int place))
        {
            _events[place] = (_events[place].Line, _events[place].Count + 1);
        }
        else if (_events.Count < MostEvents)
        {
            _places.Add(line.Key, _events.Count);
            _events.Add((line, 1));
        }
        else
        {
            Dropped++;
        }
    }
}
