using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Devices;

/// <summary>The IOMMU groups of PCI functions.</summary>
public static class IommuGroups
{
    /// <summary>Reads the group of each function that has one, by the group's address.</summary>
    public static IReadOnlyDictionary<VirtualAddress, IommuGroup> Read(KernelObjects objects, IEnumerable<PciFunction> functions)
    {
        GroupReader reader = new(objects);
        Dictionary<VirtualAddress, IommuGroup> groups = [];
        foreach (VirtualAddress address in functions.Select(function => function.Iommu.Group).OfType<VirtualAddress>())
        {
            if (!groups.ContainsKey(address) && reader.Read(address) is IommuGroup group)
            {
                groups[address] = group;
            }
        }

        return groups;
    }
}
