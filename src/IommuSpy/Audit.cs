using IommuSpy.Analysis.Exposure;

namespace IommuSpy;

/// <summary>What devices can do that they should not be able to: what `iommu-spy exposure` answers.</summary>
/// <param name="Findings">The findings, the worst first.</param>
/// <param name="Problems">What could not be looked at, a line each: where there are some, an empty list of findings says less.</param>
public sealed record Audit(IReadOnlyList<Finding> Findings, IReadOnlyList<string> Problems)
{
    internal static Audit Of(ExposureReport report) => new([.. report.Findings.Select(Finding.Of)], report.Problems);
}
