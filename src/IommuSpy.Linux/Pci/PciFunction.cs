using IommuSpy.Memory;

namespace IommuSpy.Linux.Pci;

/// <summary>
/// A PCI function as the kernel knows it (include/linux/pci.h, struct pci_dev). Null is a stated absence: this kernel, or what describes its types, has no such
/// field, or it could not be read.
/// </summary>
public sealed record PciFunction
{
    /// <summary>Its domain, bus, device and function.</summary>
    public required PciAddress Address { get; init; }

    /// <summary>Its struct pci_dev.</summary>
    public required VirtualAddress Object { get; init; }

    /// <summary>Its struct device, inside the other: what the IOMMU code's pointers lead to.</summary>
    public required VirtualAddress Device { get; init; }

    /// <summary>Vendor id.</summary>
    public required ushort Vendor { get; init; }

    /// <summary>Device id.</summary>
    public required ushort DeviceId { get; init; }

    /// <summary>Subsystem vendor id.</summary>
    public ushort? SubsystemVendor { get; init; }

    /// <summary>Subsystem id.</summary>
    public ushort? SubsystemDevice { get; init; }

    /// <summary>Class code: base class in bits 16-23, subclass in 8-15, programming interface in 0-7.</summary>
    public required uint Class { get; init; }

    /// <summary>The revision that the function states.</summary>
    public byte? Revision { get; init; }

    /// <summary>The driver that is bound to it; null for none.</summary>
    public string? Driver { get; init; }

    /// <summary>Layout of its configuration header: 0 a device, 1 a bridge, 2 a CardBus bridge.</summary>
    public byte? HeaderType { get; init; }

    /// <summary>
    /// Whether it is a PCIe function, and if so its port type: PCI Express Capabilities bits 4-7 (0 endpoint, 4 root port, 5 upstream, 6 downstream, 7 PCIe to
    /// PCI bridge...); -1 for conventional PCI.
    /// </summary>
    public int? PortType { get; init; }

    /// <summary>The bridge that its bus is behind, as an address; null on a root bus.</summary>
    public PciAddress? Bridge { get; init; }

    /// <summary>Of a bridge, the bus behind it.</summary>
    public byte? SecondaryBus { get; init; }

    /// <summary>Of a bridge, the last bus behind it.</summary>
    public byte? LastBus { get; init; }

    /// <summary>Whether VFIO drives it, for a process that has it open: vfio-pci, or a driver of one vendor's with vfio in its name.</summary>
    public bool IsDrivenByVfio => Driver?.Contains("vfio", StringComparison.Ordinal) == true;

    /// <summary>
    /// Whether it may start transactions: bus mastering is on. Null where nothing tells: of one that VFIO drives, the kernel knows only that it once was on.
    /// </summary>
    public bool? IsBusMaster { get; init; }

    /// <summary>Whether MSI is on.</summary>
    public bool? MsiEnabled { get; init; }

    /// <summary>Whether MSI-X is on.</summary>
    public bool? MsixEnabled { get; init; }

    /// <summary>Whether it may ask for translations itself (Address Translation Services).</summary>
    public bool? AtsEnabled { get; init; }

    /// <summary>Whether it tags transactions with process address space ids.</summary>
    public bool? PasidEnabled { get; init; }

    /// <summary>Whether it may ask for pages (Page Request Interface).</summary>
    public bool? PriEnabled { get; init; }

    /// <summary>Whether it is the physical function of an SR-IOV device.</summary>
    public bool? IsPhysicalFunction { get; init; }

    /// <summary>Whether it is a virtual function.</summary>
    public bool? IsVirtualFunction { get; init; }

    /// <summary>Of a virtual function, the physical function that it belongs to.</summary>
    public PciAddress? PhysicalFunction { get; init; }

    /// <summary>Whether the kernel trusts it not: it hangs on a port that a stranger can plug into (since 5.0).</summary>
    public bool? IsUntrusted { get; init; }

    /// <summary>Highest address that it can reach, as a mask: what its driver declared for streaming mappings.</summary>
    public ulong? DmaMask { get; init; }

    /// <summary>The same for coherent mappings.</summary>
    public ulong? CoherentDmaMask { get; init; }

    /// <summary>Quirks: the names of the kernel's PCI_DEV_FLAGS_* that are set, or one hexadecimal number where the types do not name them.</summary>
    public IReadOnlyList<string> Quirks { get; init; } = [];

    /// <summary>Other functions of its bus in whose name it makes transactions too (quirk).</summary>
    public IReadOnlyList<byte> DmaAliases { get; init; } = [];

    /// <summary>What it decodes; only ranges that are assigned.</summary>
    public IReadOnlyList<PciResource> Resources { get; init; } = [];

    /// <summary>What the kernel's IOMMU code keeps of it.</summary>
    public required PciIommu Iommu { get; init; }
}
