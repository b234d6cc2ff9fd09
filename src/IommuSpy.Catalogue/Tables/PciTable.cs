using IommuSpy.Analysis.Pci;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Pci.PciFunctionReport>;
using Resource = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Pci.PciResourceReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The machine's PCI functions.</summary>
internal sealed class PciTable() : Table<PciFunctionReport>(
    "pci",
    "Every PCI function; names come from this machine's pci.ids, where it has one.",
    Its.Text("device", "Where it is: 0000:00:1f.2.", row => row.Address),
    Its.Hex("vendorId", "Vendor id.", row => row.Vendor.Value, 4),
    Its.Hex("deviceId", "Device id.", row => row.Device.Value, 4),
    Its.Hex("subsystemVendorId", "Subsystem vendor id.", row => row.SubsystemVendor?.Value, 4),
    Its.Hex("subsystemDeviceId", "Subsystem id.", row => row.SubsystemDevice?.Value, 4),
    Its.Hex("classCode", "Class code, 24 bits.", row => row.Class.Value, 6),
    Its.Hex("revision", "Revision.", row => row.Revision?.Value, 2),
    Its.Text("driver", "The driver bound to it.", row => row.Driver),
    Its.Number("group", "Number of its IOMMU group.", row => row.IommuGroup),
    Its.Text("vendorName", "The vendor's name.", row => row.VendorName),
    Its.Text("deviceName", "The device's name.", row => row.DeviceName),
    Its.Text("className", "The class's name.", row => row.ClassName),
    Its.Text("kind", "Endpoint, root port, bridge... by its PCIe port type and header.", row => row.Kind),
    Its.Text("bridge", "The bridge that it is behind.", row => row.Bridge),
    Its.Integer("secondaryBus", "Of a bridge, the bus behind it.", row => row.SecondaryBus),
    Its.Integer("lastBus", "Of a bridge, the last bus behind it.", row => row.LastBus),
    Its.Flag("busMaster", "Whether it may start transactions.", row => row.BusMaster),
    Its.Flag("msi", "Whether MSI is on.", row => row.Msi),
    Its.Flag("msix", "Whether MSI-X is on.", row => row.Msix),
    Its.Flag("ats", "Whether it may ask for translations.", row => row.Ats),
    Its.Flag("pasid", "Whether it tags transactions with PASIDs.", row => row.Pasid),
    Its.Flag("pri", "Whether it may ask for pages.", row => row.Pri),
    Its.Flag("physicalFunction", "Whether it is a physical function of SR-IOV.", row => row.PhysicalFunction),
    Its.Text("virtualFunctionOf", "Of a virtual function, its physical function.", row => row.VirtualFunctionOf),
    Its.Flag("untrusted", "Whether it hangs on a port that a stranger can plug into.", row => row.Untrusted),
    Its.Hex("dmaMask", "Highest address it can reach, as a mask.", row => row.DmaMask?.Value),
    Its.Texts("quirks", "The kernel's quirks for it, by its own names.", row => row.Quirks),
    Its.Texts("dmaAliases", "Other functions in whose name it makes transactions.", row => row.DmaAliases),
    Its.Records("resources", "What it decodes.", row => row.Resources,
        Resource.Text("name", "BAR 0, ROM, VF BAR 0, window 13 of a bridge, chipset 13.", row => row.Name),
        Resource.Hex("start", "First physical address, or port.", row => row.Start.Value),
        Resource.Hex("end", "The one after the last.", row => row.End.Value + 1),
        Resource.Text("space", "memory or io.", row => row.Space),
        Resource.Flag("prefetchable", "Whether reads have no side effects.", row => row.Prefetchable),
        Resource.Flag("is64Bit", "Whether it may stand above 4 GiB.", row => row.Is64Bit)),
    Its.Address("object", "Its struct pci_dev.", row => row.Object.Value))
{
    /// <summary>Only one function, by its address.</summary>
    public static Filter<string> Only { get; } = new("only", "Only this function.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Only];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<PciFunctionReport> receive)
    {
        PciReport report = PciReport.Of(question.Machine);
        question.Tell(report.Damage);
        string? only = question.Find(Only);
        foreach (PciFunctionReport function in report.Functions.Where(function => only is null || function.Address == only))
        {
            receive(function);
        }
    }
}
