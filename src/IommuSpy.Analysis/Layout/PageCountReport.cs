namespace IommuSpy.Analysis.Layout;

/// <summary>How many pages of a size.</summary>
/// <param name="PageSize">Bytes of a page: 4096, 2 MiB, 1 GiB.</param>
/// <param name="Count">Pages.</param>
public sealed record PageCountReport(ulong PageSize, long Count);
