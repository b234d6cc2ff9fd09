using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Pci;

/// <summary>Every PCI function that the kernel knows of, in order of address.</summary>
/// <param name="Functions">The functions.</param>
/// <param name="Damage">What could not be followed or makes no sense, a line each; empty for a whole answer.</param>
public sealed record PciInventory(IReadOnlyList<PciFunction> Functions, IReadOnlyList<string> Damage)
{
    /// <summary>Reads them all, from pci_root_buses down.</summary>
    /// <exception cref="MissingTypeException">Nothing describes struct pci_dev or struct pci_bus, or there is no pci_root_buses.</exception>
    public static PciInventory Read(KernelObjects objects) => new PciReader(objects).Read();

    /// <summary>The functions as a machine shows them in sysfs, for where nothing describes the kernel's structures; null where it shows none.</summary>
    public static PciInventory? Shown(SystemFiles files) => SystemPci.Read(files);

    /// <summary>
    /// The function, and which of its ranges of memory, that answers at a physical address; null where none does. What bridges pass on is not theirs.
    /// </summary>
    public (PciFunction Function, PciResource Resource)? RangeAt(PhysicalAddress address)
    {
        foreach (PciFunction function in Functions)
        {
            foreach (PciResource resource in function.Resources)
            {
                if (!resource.IsIo && resource.Kind != PciResourceKind.BridgeWindow
                    && resource.Start.Value <= address.Value && address.Value <= resource.Last.Value)
                {
                    return (function, resource);
                }
            }
        }

        return null;
    }

    /// <summary>The function at an address; null where there is none.</summary>
    public PciFunction? Find(PciAddress address) => Functions.FirstOrDefault(function => function.Address == address);
}
