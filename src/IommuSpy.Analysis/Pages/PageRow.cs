using IommuSpy.Analysis.Frames;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>A page in a list of them.</summary>
/// <param name="Frame">The page frame.</param>
/// <param name="FlagsWord">Its struct page's flags.</param>
/// <param name="StableFlags">What /proc/kpageflags says of it.</param>
/// <param name="References">Its reference count.</param>
/// <param name="Mappings">How many page tables map it.</param>
/// <param name="Kind">What it is used for.</param>
/// <param name="Owner">Whose it is; null where that is not known, or was not asked.</param>
public readonly record struct PageRow(PageFrame Frame, ulong FlagsWord, StablePageFlags StableFlags, int References, ulong Mappings, PageKind Kind,
    string? Owner);
