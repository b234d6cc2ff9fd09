namespace IommuSpy.Analysis.Watch;

/// <summary>An interval of watching what devices have mapped.</summary>
/// <param name="From">When it began, in seconds of CLOCK_MONOTONIC.</param>
/// <param name="To">When it ended.</param>
/// <param name="Way">How it is known: "probes on __iommu_map and __iommu_unmap", "tables compared".</param>
/// <param name="IsCounted">Whether each mapping and unmapping was counted; else tables were compared, and what came and went between two looks is not
/// seen.</param>
/// <param name="Maps">Mappings made by all.</param>
/// <param name="Unmaps">Unmappings by all.</param>
/// <param name="Lost">
/// Events of the interval that the kernel dropped or its probes missed: counts are too low by as many. Mapped bytes are those of the tables at the end of each
/// interval all the same, but for domains attached after watching began, whose tables are not known.
/// </param>
/// <param name="Rows">A domain each, in order of their first device.</param>
public sealed record WatchReport(double From, double To, string Way, bool IsCounted, long Maps, long Unmaps, long Lost, IReadOnlyList<WatchRow> Rows);
