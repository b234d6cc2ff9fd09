using IommuSpy.Analysis.Frames;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>Which pages are asked for.</summary>
/// <param name="First">The first page frame.</param>
/// <param name="Last">The last page frame, inclusive.</param>
/// <param name="Kind">Only those of a kind; null for all.</param>
/// <param name="WithOwners">Whether owners are looked up, which costs a little a page.</param>
public sealed record PagesQuery(PageFrame First, PageFrame Last, PageKind? Kind = null, bool WithOwners = true);
