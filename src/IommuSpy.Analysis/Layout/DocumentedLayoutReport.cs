using IommuSpy.Linux.Layout;

namespace IommuSpy.Analysis.Layout;

/// <summary>A documented virtual memory map.</summary>
/// <param name="Architecture">Of which architecture: "x86-64".</param>
/// <param name="Kernels">Which releases it holds for.</param>
/// <param name="PagingLevels">4, or 5.</param>
/// <param name="Documentation">The document.</param>
/// <param name="Regions">Its rows.</param>
public sealed record DocumentedLayoutReport(string Architecture, string Kernels, int PagingLevels, string Documentation,
    IReadOnlyList<DocumentedRegionReport> Regions)
{
    /// <summary>The report of a documented map.</summary>
    public static DocumentedLayoutReport Of(DocumentedLayout layout) => new(
        layout.Architecture, layout.Kernels, layout.Levels, layout.Source,
        [.. layout.Regions.Select(row => new DocumentedRegionReport(row.Start, row.End, KernelLayout.NameOf(row.Kind), row.Name))]);
}
