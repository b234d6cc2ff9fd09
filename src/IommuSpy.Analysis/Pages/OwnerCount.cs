using IommuSpy.Analysis.Frames;

namespace IommuSpy.Analysis.Pages;

/// <summary>How many pages have the same owner: a slab cache, a file.</summary>
/// <param name="Kind">What they are used for.</param>
/// <param name="Owner">Whose they are.</param>
/// <param name="Pages">How many pages.</param>
public sealed record OwnerCount(PageKind Kind, string Owner, ulong Pages);
