using IommuSpy.Linux.Pci;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>
/// As whom a PCI function's requests arrive at the IOMMU (PCIe to PCI/PCI-X bridge specification, 2.3; drivers/pci/search.c, pci_for_each_dma_alias).
/// </summary>
public static class DmaNames
{
    // PCI Express Capabilities, Device/Port Type.
    private const int ExpressToPci = 7;
    private const int Conventional = -1;

    // A chain of bridges is at most as long as there are buses; a longer one is a circle.
    private const int MaxBridges = 256;

    private const string BridgeAliasQuirk = "PCI_DEV_FLAG_PCIE_BRIDGE_ALIAS";

    /// <summary>The names, first the one by which requests without a quirk arrive.</summary>
    /// <param name="inventory">All functions.</param>
    /// <param name="function">One of them.</param>
    public static IReadOnlyList<RequesterId> Of(PciInventory inventory, PciFunction function)
    {
        RequesterId own = IdOf(function.Address);
        RequesterId arriving = own;
        PciFunction? bridge = function.Bridge is PciAddress above ? inventory.Find(above) : null;
        for (int i = 0; i < MaxBridges && bridge is not null; i++)
        {
            // Bridges to conventional buses take transactions over: one from PCIe under the number of the bus behind it, one from PCI under its own.
            if (bridge.PortType == ExpressToPci || (bridge.PortType == Conventional && bridge.Quirks.Contains(BridgeAliasQuirk, StringComparer.Ordinal)))
            {
                arriving = bridge.SecondaryBus is byte behind ? new(bridge.Address.Domain, (ushort)(behind << 8)) : IdOf(bridge.Address);
            }
            else if (bridge.PortType == Conventional)
            {
                arriving = IdOf(bridge.Address);
            }

            bridge = bridge.Bridge is PciAddress next ? inventory.Find(next) : null;
        }

        // Behind such a bridge a function's own quirks cannot be told from outside.
        return arriving != own ? [arriving]
            : [own, .. function.DmaAliases.Select(alias => IdOf(function.Address with { DeviceFunction = alias })).Where(alias => alias != own)];
    }

    /// <summary>A function's own number on the bus.</summary>
    public static RequesterId IdOf(PciAddress address) => new(address.Domain, address.RequesterId);
}
