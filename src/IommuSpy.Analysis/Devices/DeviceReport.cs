using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Pci;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Devices;

/// <summary>A device as its IOMMU lets it see memory. Null is a stated absence.</summary>
/// <param name="Device">Where it is: "0000:00:1f.2".</param>
/// <param name="VendorId">Vendor id.</param>
/// <param name="DeviceId">Device id.</param>
/// <param name="ClassCode">Class code, 24 bits.</param>
/// <param name="Driver">The driver bound to it.</param>
/// <param name="Unit">The IOMMU that its requests go through, by the kernel's name: "dmar0"; by its registers or its tables where that is not known.</param>
/// <param name="Group">Number of its IOMMU group.</param>
/// <param name="Domain">Domain ID in its entry; null where it has none.</param>
/// <param name="Mode">What the tables make of it: "translated", "pass-through", "blocked", "invalid", or "no IOMMU".</param>
/// <param name="MappedBytes">Bytes of I/O virtual addresses that let it through; null where it reaches all memory.</param>
/// <param name="Strict">Whether what is unmapped is invalidated at once; null where no DMA domain translates for it, or where that is not known.</param>
/// <param name="DomainType">The kernel's word: "DMA-FQ", "DMA", "identity", "unmanaged", "blocked".</param>
/// <param name="DefaultDomainType">The same of the domain that it goes back to without a driver.</param>
/// <param name="Ats">Whether it may keep translations.</param>
/// <param name="Pasid">Whether it tags requests with PASIDs.</param>
/// <param name="Pri">Whether it may ask for pages.</param>
/// <param name="BusMaster">Whether it may start transactions.</param>
/// <param name="Untrusted">Whether it hangs on a port that a stranger can plug into.</param>
/// <param name="Requesters">As whom its requests arrive: itself, or a bridge before it; then other names by quirks.</param>
/// <param name="Pasids">PASIDs that have tables of their own for it.</param>
/// <param name="EntryAddress">Where the entry stands that says <paramref name="Mode"/>.</param>
/// <param name="TableFormat">Format of its tables; null where none translate.</param>
/// <param name="Root">Their top table.</param>
/// <param name="Levels">Their depth.</param>
/// <param name="ReservedRegions">What firmware demands to be always mapped for it.</param>
/// <param name="Problem">Why nothing gets through; null where something does.</param>
/// <param name="VendorName">The vendor's name, by this machine's pci.ids.</param>
/// <param name="DeviceName">The device's name, likewise.</param>
/// <param name="ClassName">The class's name, likewise.</param>
public sealed record DeviceReport(
    string Device,
    HexValue? VendorId,
    HexValue? DeviceId,
    HexValue? ClassCode,
    string? Driver,
    string? Unit,
    uint? Group,
    int? Domain,
    string Mode,
    ulong? MappedBytes,
    bool? Strict,
    string? DomainType,
    string? DefaultDomainType,
    bool? Ats,
    bool? Pasid,
    bool? Pri,
    bool? BusMaster,
    bool? Untrusted,
    IReadOnlyList<string> Requesters,
    IReadOnlyList<int> Pasids,
    PhysicalAddress? EntryAddress,
    string? TableFormat,
    PhysicalAddress? Root,
    int? Levels,
    IReadOnlyList<ReservedRegionReport> ReservedRegions,
    string? Problem,
    string? VendorName,
    string? DeviceName,
    string? ClassName)
{
    /// <summary>Who has it for itself, by VFIO: "usermapping[279]", "virtual machine guest[141]"; null for nobody, or where that is not known.</summary>
    public string? Owner { get; init; }

    /// <summary>What its owner gave it.</summary>
    public IReadOnlyList<GivenRangeReport> Given { get; init; } = [];

    /// <summary>Describes a device.</summary>
    public static DeviceReport Of(MachineDevice device, DeviceReach reach, PciNames names)
    {
        PciFunction? function = device.Function;
        DeviceContext? context = device.Context;
        bool hasDomain = device.Access is DeviceAccess.Translated or DeviceAccess.PassThrough;
        return new(
            device.Address.ToString(),
            Hex(function?.Vendor),
            Hex(function?.DeviceId),
            Hex(function?.Class),
            function?.Driver,
            device.Unit is IommuUnit unit ? NameOf(unit) : null,
            device.Group?.Id ?? function?.Iommu.GroupId,
            hasDomain ? context?.Domain : null,
            device.Access.Words(),
            reach.MappedBytes(device),
            device.IsStrict,
            device.Group?.Domain?.SysfsName,
            device.Group?.DefaultDomain?.SysfsName,
            device.IsAtsEnabled,
            function?.PasidEnabled,
            function?.PriEnabled,
            function?.IsBusMaster,
            function?.IsUntrusted,
            [.. device.Requesters.Select(requester => requester.ToString())],
            [.. device.Contexts.Select(entry => entry.Pasid).OfType<int>()],
            context?.EntryAddress,
            context?.Space is { } space ? DeviceContextAnswer.FormatText(space.Format) : null,
            context?.Space?.Root,
            context?.Space?.Levels,
            [.. device.ReservedRegions.Select(region =>
                new ReservedRegionReport(region.First, region.Last + 1, region.Readable, region.Writable, region.IsExclusion))],
            device.Access is DeviceAccess.Blocked or DeviceAccess.Invalid ? context?.Problem : null,
            function is null ? null : names.Vendor(function.Vendor),
            function is null ? null : names.Device(function.Vendor, function.DeviceId),
            function is null ? null : names.Class(function.Class))
        {
            Owner = device.Owner?.ToString(),
            Given = [.. (device.Owner?.Ranges ?? []).Select(range => GivenRangeReport.Of(device, range))],
        };
    }

    internal static string NameOf(IommuUnit unit) =>
        unit.Name ?? (unit.Registers ?? unit.Tables?.Root)?.ToString() ?? IommuUnitAnswer.KindText(unit.Kind);

    private static HexValue? Hex(ulong? value) => value is ulong number ? new(number) : null;
}
