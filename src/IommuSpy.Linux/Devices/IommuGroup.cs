using IommuSpy.Memory;

namespace IommuSpy.Linux.Devices;

/// <summary>Devices that an IOMMU cannot tell apart, or that can reach one another behind its back: they share one domain (struct iommu_group).</summary>
/// <param name="Id">Its number under /sys/kernel/iommu_groups.</param>
/// <param name="Address">Where it is.</param>
/// <param name="Domain">The domain that its devices are attached to now; null where there is none, or this kernel keeps none (before 4.2).</param>
/// <param name="DefaultDomain">The one that they go back to when a driver lets go of them.</param>
/// <param name="Devices">The struct device of each member.</param>
/// <param name="Damage">Why members may be missing; null for none.</param>
public sealed record IommuGroup(
    uint Id, VirtualAddress Address, IommuDomain? Domain, IommuDomain? DefaultDomain, IReadOnlyList<VirtualAddress> Devices, string? Damage);
