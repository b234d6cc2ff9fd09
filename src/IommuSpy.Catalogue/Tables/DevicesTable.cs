using IommuSpy.Analysis.Devices;
using Given = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Devices.GivenRangeReport>;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Devices.DeviceReport>;
using Region = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Devices.ReservedRegionReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Every device, and how its IOMMU lets it see memory.</summary>
internal sealed class DevicesTable() : Table<DeviceReport>(
    "devices",
    "Every device, and how its IOMMU lets it see memory.",
    Its.Text("device", "Where it is: 0000:00:1f.2.", row => row.Device),
    Its.Hex("vendorId", "Vendor id.", row => row.VendorId?.Value, 4),
    Its.Hex("deviceId", "Device id.", row => row.DeviceId?.Value, 4),
    Its.Hex("classCode", "Class code, 24 bits.", row => row.ClassCode?.Value, 6),
    Its.Text("driver", "The driver bound to it.", row => row.Driver),
    Its.Text("unit", "The IOMMU unit before it.", row => row.Unit),
    Its.Number("group", "Number of its IOMMU group.", row => row.Group),
    Its.Integer("domain", "Domain ID, where a domain translates for it.", row => row.Domain),
    Its.Text("mode", "Whether its requests are translated, passed through or blocked, or meet no IOMMU.", row => row.Mode),
    Its.Bytes("mappedBytes", "How much it can reach; null for all memory.", row => row.MappedBytes),
    Its.Flag("strict", "Whether what is unmapped is out of reach at once.", row => row.Strict),
    Its.Text("domainType", "The kernel's word: DMA-FQ, DMA, identity, unmanaged, blocked.", row => row.DomainType),
    Its.Text("defaultDomainType", "The same of the domain that it goes back to without a driver.", row => row.DefaultDomainType),
    Its.Flag("ats", "Whether it may keep translations.", row => row.Ats),
    Its.Flag("pasid", "Whether it tags requests with PASIDs.", row => row.Pasid),
    Its.Flag("pri", "Whether it may ask for pages.", row => row.Pri),
    Its.Flag("busMaster", "Whether it may start transactions.", row => row.BusMaster),
    Its.Flag("untrusted", "Whether it hangs on a port that a stranger can plug into.", row => row.Untrusted),
    Its.Texts("requesters", "As whom its requests arrive: itself, or a bridge before it; then other names by quirks.", row => row.Requesters),
    Its.Numbers("pasids", "PASIDs that have tables of their own for it.", row => [.. row.Pasids.Select(pasid => (long)pasid)]),
    Its.Address("entryAddress", "Where the entry stands that says the mode.", row => row.EntryAddress?.Value),
    Its.Text("tableFormat", "Format of its tables; null where none translate.", row => row.TableFormat),
    Its.Address("root", "Their top table.", row => row.Root?.Value),
    Its.Integer("levels", "Their depth.", row => row.Levels),
    Its.Records("reservedRegions", "What firmware demands to be always mapped for it.", row => row.ReservedRegions,
        Region.Address("start", "First byte.", row => row.Start.Value),
        Region.Address("end", "The byte after the last.", row => row.End.Value),
        Region.Flag("readable", "Whether the device may read it.", row => row.Readable),
        Region.Flag("writable", "Whether the device may write it.", row => row.Writable),
        Region.Flag("untranslated", "Whether it is let through rather than mapped.", row => row.Untranslated)),
    Its.Text("problem", "Why nothing gets through; null where something does.", row => row.Problem),
    Its.Text("owner", "Who has it for itself, by VFIO: a process or a virtual machine.", row => row.Owner),
    Its.Records("given", "What its owner gave it.", row => row.Given,
        Given.Address("iova", "First address, for the device.", row => row.Iova.Value),
        Given.Bytes("bytes", "Its length.", row => row.Bytes),
        Given.Text("rights", "What the device may do there: rw, r or w.", row => row.Rights),
        Given.Integer("pid", "The process; null where it is gone.", row => row.Pid),
        Given.Text("comm", "Its name.", row => row.Comm),
        Given.Address("virtual", "First address, for the process.", row => row.Virtual.Value),
        Given.Text("vm", "The virtual machine that has it as its memory.", row => row.Machine),
        Given.Address("gpa", "First address, for that machine.", row => row.GuestPhysical?.Value),
        Given.Number("pinnedPages", "How much of it the IOMMU maps.", row => row.PinnedPages, "pages of 4 KiB")),
    Its.Text("vendorName", "The vendor's name, by this machine's pci.ids.", row => row.VendorName),
    Its.Text("deviceName", "The device's name, likewise.", row => row.DeviceName),
    Its.Text("className", "The class's name, likewise.", row => row.ClassName))
{
    /// <summary>Only one device, by its address.</summary>
    public static Filter<string> Only { get; } = new("only", "Only this device.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Only];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<DeviceReport> receive)
    {
        DevicesReport report = DevicesReport.Of(question.Machine);
        question.Tell(report.Problems);
        string? only = question.Find(Only);
        foreach (DeviceReport device in report.Devices.Where(device => only is null || device.Device == only))
        {
            receive(device);
        }
    }
}
