using IommuSpy.Analysis.Devices;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A unit is there and does not translate.</summary>
public sealed class TranslationOffRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "translation-off";

    /// <inheritdoc/>
    public string Title => "An IOMMU is there and does not translate";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action => "Turn it on: intel_iommu=on, no iommu=off, no amd_iommu=off; look for the driver's reason in dmesg (DMAR:, AMD-Vi:).";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (IommuUnit unit in scene.Units.Where(unit => unit.Translating == false || unit.Tables is null))
        {
            yield return Findings.Of(this, unit, $"{DeviceReport.NameOf(unit)} does not translate: {Why(unit)}", []);
        }
    }

    private static string Why(IommuUnit unit) => (unit.Translating, unit.Kind) switch
    {
        (false, IommuKind.VtD) => "the kernel has switched its translation off (GCMD.TE is 0)",
        (false, _) => "the kernel failed to enable it, or was told not to (init_state)",
        _ => $"it is known by {string.Join(", ", unit.FoundBy)}, and no tables of it are in memory",
    };
}
