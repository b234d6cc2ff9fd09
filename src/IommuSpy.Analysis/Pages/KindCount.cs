using IommuSpy.Analysis.Frames;

namespace IommuSpy.Analysis.Pages;

/// <summary>How many pages are used for the same.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Pages">How many pages.</param>
public sealed record KindCount(PageKind Kind, ulong Pages);
