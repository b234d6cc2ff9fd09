using IommuSpy.Linux.Pci;

namespace IommuSpy.Linux.Inference.Pci;

/// <summary>Buses, and the functions on them.</summary>
/// <param name="Functions">Every struct pci_dev, and the address that its name is.</param>
/// <param name="NameAt">Where in them their kobject is, which begins with a pointer to that name.</param>
internal sealed record PciTree(Dictionary<ulong, PciAddress> Functions, int NameAt)
{
    /// <summary>Every struct pci_bus, and the number in its name; none where their names were not found.</summary>
    public Dictionary<ulong, byte> Buses { get; init; } = [];

    /// <summary>Where in them their kobject is, which begins with a pointer to that name.</summary>
    public int BusNameAt { get; init; }

    /// <summary>pci_bus.self; null where buses and bridges do not name each other.</summary>
    public int? BridgeAt { get; init; }

    /// <summary>Every struct pci_dev.</summary>
    public List<ulong> All { get; } = [.. Functions.Keys];
}
