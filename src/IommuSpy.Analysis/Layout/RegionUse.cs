using IommuSpy.Analysis.Wording;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Layout;

/// <summary>Sums what is mapped in a region.</summary>
internal sealed class RegionUse
{
    private readonly SortedDictionary<ulong, long> _pages = [];
    private readonly SortedDictionary<AccessRights, ulong> _rights = [];

    public ulong Bytes { get; private set; }

    public IReadOnlyList<PageCountReport> Pages => [.. _pages.Reverse().Select(pair => new PageCountReport(pair.Key, pair.Value))];

    public IReadOnlyList<RightsBytesReport> Rights =>
        [.. _rights.OrderByDescending(pair => pair.Value).Select(pair => new RightsBytesReport(RightsText.Of(pair.Key), pair.Value))];

    public void Add(ulong pageSize, ulong length, AccessRights rights)
    {
        Bytes += length;
        _pages[pageSize] = _pages.GetValueOrDefault(pageSize) + (long)(length / pageSize);
        _rights[rights] = _rights.GetValueOrDefault(rights) + length;
    }
}
