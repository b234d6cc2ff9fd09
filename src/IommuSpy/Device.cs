using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Pci;

namespace IommuSpy;

/// <summary>A device of a machine, as the IOMMU lets it see memory. Null is a stated absence.</summary>
public sealed class Device
{
    private readonly Machine _machine;
    private readonly MachineDevice _device;
    private readonly DeviceReport _report;

    internal Device(Machine machine, Analysis.Machine its, MachineDevice device)
    {
        _machine = machine;
        _device = device;
        _report = DeviceReport.Of(device, its.DeviceReach, PciNames.Installed);
    }

    /// <summary>Where it is on the bus: "0000:00:1f.2".</summary>
    public string Address => _report.Device;

    /// <summary>Vendor ID and device ID as lspci -n prints them: "8086:10d3"; null where the kernel's PCI functions cannot be read.</summary>
    public string? Ids => _report is { VendorId: { } vendor, DeviceId: { } device } ? $"{vendor.Value:x4}:{device.Value:x4}" : null;

    /// <summary>The driver that has it; null for none, or where that is not known.</summary>
    public string? Driver => _report.Driver;

    /// <summary>The IOMMU that its requests go through: "dmar0"; null for none.</summary>
    public string? Unit => _report.Unit;

    /// <summary>Its IOMMU group; null for none, or where that is not known.</summary>
    public uint? Group => _report.Group;

    /// <summary>The number of its domain in the IOMMU's tables; null where there is none.</summary>
    public int? Domain => _report.Domain;

    /// <summary>What becomes of its requests.</summary>
    public DmaMode Mode => _device.Access switch
    {
        DeviceAccess.Translated => DmaMode.Translated,
        DeviceAccess.PassThrough => DmaMode.PassThrough,
        DeviceAccess.Blocked => DmaMode.Blocked,
        DeviceAccess.Invalid => DmaMode.Invalid,
        _ => DmaMode.NoIommu,
    };

    /// <summary>Bytes of its addresses that tables let through to memory; null where it reaches all memory.</summary>
    public ulong? MappedBytes => _report.MappedBytes;

    /// <summary>Whether it may start transactions; null where that is not known.</summary>
    public bool? IsBusMaster => _report.BusMaster;

    /// <summary>Translates an address of the device as its IOMMU does.</summary>
    /// <param name="iova">The I/O virtual address: what the device puts on the bus.</param>
    /// <param name="pasid">For requests with this PASID; null for those without.</param>
    /// <returns>The way, also where it ends without a physical address: <see cref="Walk.Reason"/> says why.</returns>
    /// <exception cref="SourceException">The source has failed.</exception>
    public Walk Translate(ulong iova, int? pasid = null) =>
        _machine.Ask(machine => Walk.Of(IovaExplanation.Of(machine, _device, new(iova), pasid)));

    /// <summary>"0000:00:1f.2 (ahci)".</summary>
    public override string ToString() => Driver is null ? Address : $"{Address} ({Driver})";
}
