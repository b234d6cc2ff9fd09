using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Devices;

namespace IommuSpy.Analysis.Exposure.Rules.Isolation;

/// <summary>A group of devices that is a user's, with a member that the kernel's own driver drives.</summary>
internal sealed class SplitGroupRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "split-group";

    /// <inheritdoc/>
    public string Title => "Devices that cannot be told apart belong to different owners";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action =>
        "Give all devices of a group to the same owner, or unbind the others. The kernel refuses such a group since 5.19, and before when it is opened: find "
            + "out who bound the driver afterwards.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        // Bridges are driven by the port driver whoever owns what is behind them, and stubs do nothing: neither is an owner (drivers/vfio/group.c).
        foreach (IGrouping<uint, MachineDevice> group in scene.Devices
            .Where(device => device.Group is not null && !device.IsBridge && device.Function?.Driver is not (null or "pci-stub" or "xen-pciback"))
            .GroupBy(device => device.Group!.Id))
        {
            MachineDevice[] given = [.. group.Where(IsGiven)];
            MachineDevice[] kept = [.. group.Where(device => !IsGiven(device))];
            if (given.Length > 0 && kept.Length > 0 && given[0].Group!.Domain?.Kind == DomainKind.Unmanaged)
            {
                ExposureFinding finding = Findings.Of(
                    this, kept[0],
                    $"{Findings.Name(kept[0])} is in group {group.Key} with {Findings.Name(given[0])}, whose user decides what both reach",
                    [.. kept.Concat(given).Select(device =>
                        new ExposureEvidence($"{Findings.Name(device)}, group {group.Key}", Virtual: device.Group!.Address))]);
                yield return finding with { Devices = [.. kept.Concat(given).Select(device => device.Address.ToString())] };
            }
        }
    }

    private static bool IsGiven(MachineDevice device) => device.Function?.IsDrivenByVfio == true;
}
