using IommuSpy.Analysis.Devices;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Interrupts of the old format go past remapping (VT-d: GCMD.CFI).</summary>
public sealed class CompatibilityInterruptsRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "compatibility-interrupts";

    /// <inheritdoc/>
    public string Title => "Interrupts of the compatibility format are not remapped";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action => "Use x2APIC mode, in which the unit refuses them, or a kernel that clears GCMD.CFI.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (IommuUnit unit in scene.Units.Where(unit => unit.RemapsInterrupts == true && scene.Memory.LetsCompatibilityInterruptsThrough(unit) == true))
        {
            yield return Findings.Of(this, unit,
                $"{DeviceReport.NameOf(unit)} remaps interrupts, and lets those of the compatibility format through as they are (GCMD.CFI is 1)", []);
        }
    }
}
