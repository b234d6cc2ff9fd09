using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Pages;

namespace IommuSpy.Analysis.Pages;

/// <summary>How many pages have the same flags: a line of page-types.</summary>
/// <param name="Flags">/proc/kpageflags's word.</param>
/// <param name="Pages">How many pages.</param>
/// <param name="Letters">The flags as page-types writes them, a letter each.</param>
/// <param name="Names">The flags by name.</param>
public sealed record FlagsCount(HexValue Flags, ulong Pages, string Letters, IReadOnlyList<string> Names)
{
    /// <summary>A line.</summary>
    public static FlagsCount Of(StablePageFlags flags, ulong pages) =>
        new(new((ulong)flags), pages, StablePageFlagNames.Letters(flags), StablePageFlagNames.Of(flags));
}
