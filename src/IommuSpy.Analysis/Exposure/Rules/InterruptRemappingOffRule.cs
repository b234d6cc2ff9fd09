using IommuSpy.Analysis.Devices;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Interrupts are not remapped: a device's write to the interrupt range becomes any interrupt.</summary>
public sealed class InterruptRemappingOffRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "interrupt-remapping-off";

    /// <inheritdoc/>
    public string Title => "Devices can send any interrupt: remapping is off";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action => "Turn it on: firmware must offer it (DMAR flag, x2APIC), and the kernel must not be booted with intremap=off or nointremap.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (IommuUnit unit in scene.Units.Where(unit => unit.RemapsInterrupts == false))
        {
            yield return Findings.Of(this, unit,
                $"{DeviceReport.NameOf(unit)} remaps no interrupts: a device behind it can send any vector to any CPU by a write to 0xfee00000-0xfeefffff", []);
        }
    }
}
