using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Devices;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>The kernel says one thing of a device's domain, and the tables that hardware reads another.</summary>
public sealed class DomainDisagreementRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "domain-disagreement";

    /// <inheritdoc/>
    public string Title => "What the kernel believes of a device's access is not what its IOMMU does";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action => "Believe the tables. Find out who wrote the entry: a driver's defect, or an attacker's.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices)
        {
            if (device is not { Group.Domain: IommuDomain domain, Context: DeviceContext entry } || Disagreement(device, domain) is not string what)
            {
                continue;
            }

            // More than the kernel believes is an attack's sign; less is a device that waits for its driver.
            ExposureSeverity severity = device.Access == DeviceAccess.PassThrough || domain.Kind == DomainKind.Blocked ? Severity : ExposureSeverity.Note;
            yield return Findings.Of(
                this, device, $"{Findings.Name(device)}: the kernel says {domain.SysfsName}, and {what}",
                [new("its entry", entry.EntryAddress), new("its domain, in the kernel", Virtual: domain.Address)], severity);
        }
    }

    private static string? Disagreement(MachineDevice device, IommuDomain domain) => (domain.Kind, device.Access) switch
    {
        (DomainKind.Dma or DomainKind.Unmanaged, DeviceAccess.PassThrough) => "its entry lets everything through",
        (DomainKind.Dma or DomainKind.Unmanaged, DeviceAccess.Blocked or DeviceAccess.Invalid) => "its entry lets nothing through",
        (DomainKind.Blocked, DeviceAccess.PassThrough) => "its entry lets everything through",
        (DomainKind.Blocked, DeviceAccess.Translated) => "its entry translates",
        (DomainKind.Identity, DeviceAccess.Blocked or DeviceAccess.Invalid) => "its entry lets nothing through",
        _ => null,
    };
}
