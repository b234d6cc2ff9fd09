using IommuSpy.Analysis.Iommu;
using Context = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Iommu.DeviceContextAnswer>;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Iommu.IommuUnitAnswer>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>The IOMMUs.</summary>
internal sealed class IommuTable() : Table<IommuUnitAnswer>(
    "iommu",
    "The machine's IOMMUs: their mode, capabilities and tables, how each was found, and what they say of each device.",
    Its.Text("kind", "VT-d, AMD-Vi or SMMUv3.", row => row.Kind),
    Its.Text("name", "The kernel's name for it.", row => row.Name),
    Its.Address("registers", "Where its registers are; null where nothing tells.", row => row.Registers?.Value),
    Its.Integer("segment", "PCI segment.", row => row.Segment),
    Its.Text("mode", "legacy, scalable or device table; none where it has no tables.", row => row.Mode),
    Its.Address("root", "Its root table or device table.", row => row.Root?.Value),
    Its.Integer("levels", "Most levels of any tables behind a device.", row => row.Levels),
    Its.Flag("translating", "Whether the kernel has it translate.", row => row.Translating),
    Its.Flag("interruptRemapping", "Whether the kernel has it remap interrupts.", row => row.InterruptRemapping),
    Its.Hex("capabilities", "VT-d's capability register, or AMD-Vi's extended features.", row => row.Capabilities?.Value),
    Its.Hex("extendedCapabilities", "VT-d's extended capability register.", row => row.ExtendedCapabilities?.Value),
    Its.Texts("capabilityNames", "What they say, in the manuals' abbreviations.", row => row.CapabilityNames),
    Its.Address("interruptTable", "VT-d's table of interrupt remapping entries.", row => row.InterruptTable?.Value),
    Its.Texts("foundBy", "Every way by which it was found.", row => row.FoundBy),
    Its.Records("devices", "What its tables say of each device.", row => row.Devices,
        Context.Text("device", "The device.", row => row.Device),
        Context.Integer("pasid", "The PASID that it is about; null for requests without one.", row => row.Pasid),
        Context.Text("mode", "translated, pass-through, blocked or invalid.", row => row.Mode),
        Context.Integer("domain", "Domain ID.", row => row.Domain),
        Context.Text("format", "Of its tables: second-stage, first-stage, nested, v1 or v2.", row => row.Format),
        Context.Address("root", "Their top table.", row => row.Root?.Value),
        Context.Integer("levels", "Their depth.", row => row.Levels),
        Context.Address("entryAddress", "Where the entry stands that says so.", row => row.EntryAddress.Value),
        Context.Texts("entry", "Its quadwords.", row => [.. row.Entry.Select(word => word.ToString())]),
        Context.Flag("deviceTlb", "Whether the device may translate itself (ATS).", row => row.DeviceTlb),
        Context.Text("problem", "Why nothing gets through.", row => row.Problem),
        Context.Text("owner", "Who has the device for itself, by VFIO: a process or a virtual machine.", row => row.Owner)),
    Its.Flag("devicesCut", "Whether there are more than could be followed.", row => row.DevicesCut))
{
    /// <summary>Whether all of memory is searched for tables.</summary>
    public static Filter<bool> Scan { get; } = new("scan", "With a search of all memory for tables.");

    /// <inheritdoc/>
    public override IReadOnlyList<Filter> Filters => [Scan];

    /// <inheritdoc/>
    public override void Rows(Question question, Action<IommuUnitAnswer> receive)
    {
        IommuAnswer answer = IommuAnswer.Of(question.Machine, question.Get(Scan, false));
        question.Tell(answer.Disagreements);
        question.Tell(answer.ObjectsAbsence is string absence ? [$"the kernel's objects could not be asked: {absence}"] : []);
        foreach (IommuUnitAnswer unit in answer.Units)
        {
            receive(unit);
        }
    }
}
