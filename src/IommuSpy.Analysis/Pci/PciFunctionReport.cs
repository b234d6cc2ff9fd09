using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pci;

/// <summary>A PCI function. Null is a stated absence; names are null where this machine has no pci.ids, or that has none.</summary>
/// <param name="Address">Where it is: "0000:00:1f.2".</param>
/// <param name="Vendor">Vendor id.</param>
/// <param name="Device">Device id.</param>
/// <param name="SubsystemVendor">Subsystem vendor id.</param>
/// <param name="SubsystemDevice">Subsystem id.</param>
/// <param name="Class">Class code, 24 bits.</param>
/// <param name="Revision">Revision.</param>
/// <param name="Driver">The driver bound to it.</param>
/// <param name="IommuGroup">Number of its IOMMU group.</param>
/// <param name="VendorName">The vendor's name.</param>
/// <param name="DeviceName">The device's name.</param>
/// <param name="ClassName">The class's name.</param>
/// <param name="Kind">"endpoint", "root port", "bridge"... by its PCIe port type and header; null where its port type is not known.</param>
/// <param name="Bridge">The bridge that it is behind.</param>
/// <param name="SecondaryBus">Of a bridge, the bus behind it.</param>
/// <param name="LastBus">Of a bridge, the last bus behind it.</param>
/// <param name="BusMaster">Whether it may start transactions.</param>
/// <param name="Msi">Whether MSI is on.</param>
/// <param name="Msix">Whether MSI-X is on.</param>
/// <param name="Ats">Whether it may ask for translations.</param>
/// <param name="Pasid">Whether it tags transactions with PASIDs.</param>
/// <param name="Pri">Whether it may ask for pages.</param>
/// <param name="PhysicalFunction">Whether it is a physical function of SR-IOV.</param>
/// <param name="VirtualFunctionOf">Of a virtual function, its physical function.</param>
/// <param name="Untrusted">Whether it hangs on a port that a stranger can plug into.</param>
/// <param name="DmaMask">Highest address it can reach, as a mask.</param>
/// <param name="Quirks">The kernel's quirks for it, by its own names.</param>
/// <param name="DmaAliases">Other functions in whose name it makes transactions.</param>
/// <param name="Resources">What it decodes.</param>
/// <param name="Object">Its struct pci_dev.</param>
public sealed record PciFunctionReport(
    string Address,
    HexValue Vendor,
    HexValue Device,
    HexValue? SubsystemVendor,
    HexValue? SubsystemDevice,
    HexValue Class,
    HexValue? Revision,
    string? Driver,
    uint? IommuGroup,
    string? VendorName,
    string? DeviceName,
    string? ClassName,
    string? Kind,
    string? Bridge,
    int? SecondaryBus,
    int? LastBus,
    bool? BusMaster,
    bool? Msi,
    bool? Msix,
    bool? Ats,
    bool? Pasid,
    bool? Pri,
    bool? PhysicalFunction,
    string? VirtualFunctionOf,
    bool? Untrusted,
    HexValue? DmaMask,
    IReadOnlyList<string> Quirks,
    IReadOnlyList<string> DmaAliases,
    IReadOnlyList<PciResourceReport> Resources,
    VirtualAddress Object)
{
    /// <summary>Describes a function.</summary>
    public static PciFunctionReport Of(PciFunction function, PciNames names) => new(
        function.Address.ToString(),
        new(function.Vendor),
        new(function.DeviceId),
        Hex(function.SubsystemVendor),
        Hex(function.SubsystemDevice),
        new(function.Class),
        Hex(function.Revision),
        function.Driver,
        function.Iommu.GroupId,
        names.Vendor(function.Vendor),
        names.Device(function.Vendor, function.DeviceId),
        names.Class(function.Class),
        KindOf(function),
        function.Bridge?.ToString(),
        function.SecondaryBus,
        function.LastBus,
        function.IsBusMaster,
        function.MsiEnabled,
        function.MsixEnabled,
        function.AtsEnabled,
        function.PasidEnabled,
        function.PriEnabled,
        function.IsPhysicalFunction,
        function.PhysicalFunction?.ToString(),
        function.IsUntrusted,
        Hex(function.DmaMask),
        function.Quirks,
        [.. function.DmaAliases.Select(alias => (function.Address with { DeviceFunction = alias }).ToString())],
        [.. function.Resources.Select(PciResourceReport.Of)],
        function.Object);

    private static HexValue? Hex(ulong? value) => value is ulong number ? new(number) : null;

    // PCI Express Capabilities Register, Device/Port Type (PCIe 7.5.3.2); of conventional functions the header tells.
    private static string? KindOf(PciFunction function) => function.PortType switch
    {
        0 => "endpoint",
        1 => "legacy endpoint",
        4 => "root port",
        5 => "upstream port",
        6 => "downstream port",
        7 => "PCIe to PCI bridge",
        8 => "PCI to PCIe bridge",
        9 => "root complex endpoint",
        10 => "event collector",
        null => null,
        _ => function.HeaderType switch
        {
            1 => "bridge",
            2 => "CardBus bridge",
            _ => "conventional",
        },
    };
}
