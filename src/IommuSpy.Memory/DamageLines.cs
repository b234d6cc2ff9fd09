using System.Globalization;

namespace IommuSpy.Memory;

/// <summary>What is wrong with something, a line each: the first of them, and how many more there are. An image can be wrong in millions of places.</summary>
/// <param name="most">How many lines are kept.</param>
public sealed class DamageLines(int most)
{
    private readonly List<string> _first = [];
    private long _more;

    /// <summary>The lines; empty where nothing is wrong.</summary>
    public IReadOnlyList<string> All => _more == 0 ? _first : [.. _first, string.Create(CultureInfo.InvariantCulture, $"and {_more} more like it")];

    /// <summary>Adds one.</summary>
    public void Add(string line)
    {
        if (_first.Count < most)
        {
            _first.Add(line);
        }
        else
        {
            _more++;
        }
    }
}
