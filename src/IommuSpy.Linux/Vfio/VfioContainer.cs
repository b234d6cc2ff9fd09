using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Vfio;

/// <summary>Devices that a process has for itself, and the memory that it gave them: a struct vfio_container, with its vfio_iommu. Immutable.</summary>
/// <param name="Address">Where its struct vfio_container is.</param>
/// <param name="Owners">The processes that have it, or a group of it, open.</param>
/// <param name="Groups">The struct iommu_group of each group in it.</param>
/// <param name="Devices">The struct device of each device in those groups that VFIO drives.</param>
/// <param name="Domains">The struct iommu_domain of each domain that it fills.</param>
/// <param name="Machines">The struct kvm of the virtual machines that its groups were given to.</param>
/// <param name="Mappings">What it gave them, in order of the devices' addresses.</param>
/// <param name="Damage">What of it could not be read, a line each.</param>
public sealed record VfioContainer(
    VirtualAddress Address, IReadOnlyList<KernelTask> Owners, IReadOnlyList<VirtualAddress> Groups, IReadOnlyList<VirtualAddress> Devices,
    IReadOnlyList<VirtualAddress> Domains, IReadOnlyList<VirtualAddress> Machines, IReadOnlyList<VfioMapping> Mappings, IReadOnlyList<string> Damage)
{
    /// <summary>The mapping that holds an address of its devices; null for none.</summary>
    public VfioMapping? MappingAt(IoVirtualAddress address) =>
        Mappings.FirstOrDefault(mapping => mapping.Start.Value <= address.Value && address.Value - mapping.Start.Value < mapping.Bytes);
}
