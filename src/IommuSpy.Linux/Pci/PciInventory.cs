using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Witnesses;
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

    /// <summary>The function at an address; null where there is none.</summary>
    public PciFunction? Find(PciAddress address) => Functions.FirstOrDefault(function => function.Address == address);
}
