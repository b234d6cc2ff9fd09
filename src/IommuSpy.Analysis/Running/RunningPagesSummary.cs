using IommuSpy.Analysis.Pages;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Running;

namespace IommuSpy.Analysis.Running;

/// <summary>All pages of this machine, counted by /proc/kpageflags.</summary>
/// <param name="Pages">Page frames.</param>
/// <param name="Flags">By flags, the most pages first.</param>
public sealed record RunningPagesSummary(ulong Pages, IReadOnlyList<FlagsCount> Flags)
{
    /// <summary>Counts the pages of this machine.</summary>
    public static RunningPagesSummary Of(RunningPages pages)
    {
        Dictionary<StablePageFlags, ulong> byFlags = [];
        ulong count = 0;
        pages.Visit(new(0), new(ulong.MaxValue >> 12), (_, flags, _) =>
        {
            byFlags[flags] = byFlags.GetValueOrDefault(flags) + 1;
            count++;
        });
        return new(count, [.. byFlags.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key).Select(pair => FlagsCount.Of(pair.Key, pair.Value))]);
    }
}
