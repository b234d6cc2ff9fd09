using IommuSpy.Linux.Pci;

namespace IommuSpy.Analysis.Pci;

/// <summary>Every PCI function of a machine, in order of address.</summary>
/// <param name="Functions">The functions.</param>
/// <param name="Damage">What could not be followed, a line each.</param>
public sealed record PciReport(IReadOnlyList<PciFunctionReport> Functions, IReadOnlyList<string> Damage)
{
    /// <summary>Lists the PCI functions.</summary>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes the kernel's PCI structures.</exception>
    public static PciReport Of(Machine machine)
    {
        PciInventory inventory = machine.Parts.Pci.Required;
        return new([.. inventory.Functions.Select(function => PciFunctionReport.Of(function, PciNames.Installed))], inventory.Damage);
    }
}
