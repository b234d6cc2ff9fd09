namespace IommuSpy.Linux.Inference.Pages;

/// <summary>Pages of files that are mapped read-only and whose struct page leads to the file.</summary>
/// <param name="All">Their struct pages.</param>
/// <param name="MappingAt">page.mapping.</param>
internal sealed record MappedPages(List<ulong> All, int MappingAt);
