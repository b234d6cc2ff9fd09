using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Linux.Iommu;

/// <summary>
/// IOMMUs by the kernel's own objects: VT-d's list of units (drivers/iommu/intel/dmar.c, dmar_drhd_units) and AMD-Vi's (drivers/iommu/amd/init.c,
/// amd_iommu_list).
/// </summary>
internal sealed class IommuObjects(KernelObjects objects, TableCheck check)
{
    private const int MostUnits = 1024;
    private const string VtdList = "dmar_drhd_units";
    private const string AmdViList = "amd_iommu_list";
    private const ulong TranslationEnable = 1UL << 31;
    private const ulong InterruptRemappingEnable = 1UL << 25;

    // VTD_FLAG_TRANS_PRE_ENABLED and AMD_IOMMU_FLAG_TRANS_PRE_ENABLED are both bit 0 of flags.
    private const ulong PreEnabled = 1;

    /// <summary>Whether an empty list of units means that the kernel has none: its symbols have the lists, or variables at all.</summary>
    /// <remarks>A kernel without the drivers is so told from one whose variables are not named.</remarks>
    public static bool CanBeFound(KernelObjects objects) => Array.Exists([VtdList, AmdViList, "init_task"], name => objects.Variable(name) is not null);

    /// <summary>Every unit that the kernel knows.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the structures that would say.</exception>
    public IReadOnlyList<IommuUnit> Units() => [.. VtdUnits(), .. AmdViUnits(), .. new SmmuObjects(objects).Units()];

    private List<IommuUnit> VtdUnits()
    {
        List<IommuUnit> units = [];
        if (objects.Variable(VtdList) is not VirtualAddress head)
        {
            return units;
        }

        StructType described = objects.Types.Struct("dmar_drhd_unit");
        KernelList list = KernelList.Read(objects, head, described.Field("list").Offset, MostUnits);
        if (list.Elements.Count == 0)
        {
            return units;
        }

        VtdUnitFields fields = VtdUnitFields.Of(objects.Types);
        foreach (VirtualAddress unit in list.Elements)
        {
            PhysicalAddress? registers = objects.Read(unit, described.Field("reg_base_addr")) is ulong address ? new(address) : null;
            ushort segment = (ushort)(objects.Read(unit, described.Find("segment")) ?? 0);
            bool? rest = objects.Read(unit, described.Find("include_all")) is ulong all ? all != 0 : null;
            IommuUnit found = new()
            {
                Kind = IommuKind.VtD,
                Mode = IommuMode.None,
                Registers = registers,
                Segment = segment,
                ServesTheRest = rest,
                FoundBy = ["kernel dmar_drhd_units"],
            };
            units.Add(objects.Pointer(unit, described.Field("iommu")) is VirtualAddress iommu ? Vtd(found, iommu, fields) : found);
        }

        return units;
    }

    private IommuUnit Vtd(IommuUnit unit, VirtualAddress iommu, VtdUnitFields fields)
    {
        ulong? command = objects.Read(iommu, fields.Command);
        PhysicalAddress? interrupts = command is ulong bits && (bits & InterruptRemappingEnable) != 0
            && objects.Pointer(iommu, fields.InterruptTable) is VirtualAddress table
            && objects.Pointer(table, fields.InterruptEntries) is VirtualAddress entries
            && objects.Kernel.Space.TryTranslate(entries, out PhysicalAddress physical) ? physical : null;
        unit = unit with
        {
            Object = iommu,
            Name = objects.Text(iommu, fields.Name),
            Translating = (command & TranslationEnable) is ulong te ? te != 0 : null,
            RemapsInterrupts = (command & InterruptRemappingEnable) is ulong ire ? ire != 0 : null,
            Capabilities = objects.Read(iommu, fields.Capabilities),
            ExtendedCapabilities = objects.Read(iommu, fields.ExtendedCapabilities),
            InterruptTable = interrupts,
            RegisterBytes = objects.Read(iommu, fields.RegisterBytes),
            BeganTranslating = (objects.Read(iommu, fields.Flags) & PreEnabled) is ulong began ? began != 0 : null,
            Inherited = Copied(iommu, fields.CopiedTables, unit.Segment),
        };
        unit = unit with { Queues = new IommuQueueReader(objects).Vtd(iommu, unit.ExtendedCapabilities) };
        if (objects.Pointer(iommu, fields.Root) is not VirtualAddress rootEntry || !objects.Kernel.Space.TryTranslate(rootEntry, out PhysicalAddress root))
        {
            return unit;
        }

        // Which mode the kernel chose stands in no object; its root tells, where it verifies as one and not as the other.
        bool scalable = IsScalable(root, unit.ExtendedCapabilities);
        return unit with
        {
            Mode = scalable ? IommuMode.Scalable : IommuMode.Legacy,
            Tables = new VtdDeviceTables(objects.Kernel.Memory, root, scalable, unit.Segment),
            FoundBy = ["kernel intel_iommu.root_entry"],
        };
    }

    // A bit for each bus and function, whose entry is the earlier kernel's until a driver asks for another (context_copied).
    private HashSet<RequesterId>? Copied(VirtualAddress iommu, Field? field, ushort segment)
    {
        if (field is null || objects.Read(iommu, field) is not ulong pointer)
        {
            return null;
        }

        HashSet<RequesterId> copied = [];
        byte[] bits = new byte[(ushort.MaxValue + 1) / 8];
        int length = pointer == 0 ? 0 : objects.Kernel.Space.Read(new(pointer), bits);
        for (int i = 0; i < length * 8; i++)
        {
            if ((bits[i / 8] >> (i % 8) & 1) != 0)
            {
                copied.Add(new(segment, (ushort)i));
            }
        }

        return copied;
    }

    private bool IsScalable(PhysicalAddress root, ulong? extended)
    {
        const ulong ScalableMode = 1UL << 43;
        int legacyWeight = check.VtdWeight(root, scalable: false);
        int scalableWeight = check.VtdWeight(root, scalable: true);
        if (legacyWeight != scalableWeight)
        {
            return scalableWeight > legacyWeight;
        }

        // sm_supported(): the kernel's choice where the unit can (drivers/iommu/intel/iommu.h).
        return objects.Variable("intel_iommu_sm") is VirtualAddress variable && objects.Number(variable, sizeof(uint)) is not (null or 0)
            && (extended & ScalableMode) is not (null or 0);
    }

    private List<IommuUnit> AmdViUnits()
    {
        List<IommuUnit> units = [];
        if (objects.Variable(AmdViList) is not VirtualAddress head)
        {
            return units;
        }

        StructType type = objects.Types.Struct("amd_iommu");
        bool? translating = AmdViEnabled();
        KernelList list = KernelList.Read(objects, head, type.Field("list").Offset, MostUnits);
        foreach (VirtualAddress iommu in list.Elements)
        {
            VirtualAddress? segment = objects.Pointer(iommu, type.Find("pci_seg"));
            ushort number = (ushort)((segment is VirtualAddress of ? objects.Read(of, objects.Types.FindField("amd_iommu_pci_seg", "id")) : null) ?? 0);
            IommuUnit unit = new()
            {
                Kind = IommuKind.AmdVi,
                Mode = IommuMode.None,
                Object = iommu,
                Name = objects.Read(iommu, type.Find("index")) is ulong index ? $"ivhd{index}" : null,
                Registers = objects.Read(iommu, type.Find("mmio_phys")) is ulong registers ? new(registers) : null,
                Segment = number,
                Translating = translating,
                Capabilities = AmdViFeatures(iommu, type),
                RemapsInterrupts = objects.Variable("amd_iommu_irq_remap") is VirtualAddress remap && objects.Number(remap, 1) is ulong remaps ? remaps != 0
                    : null,
                RegisterBytes = RegisterBytes(iommu, type),
                Queues = new IommuQueueReader(objects).AmdVi(iommu),
                BeganTranslating = (objects.Read(iommu, type.Find("flags")) & PreEnabled) is ulong began ? began != 0 : null,
                FoundBy = ["kernel amd_iommu_list"],
            };
            units.Add(WithDeviceTable(unit, segment));
        }

        return units;
    }

    private ulong? RegisterBytes(VirtualAddress iommu, StructType type) =>
        objects.Read(iommu, type.Find("mmio_phys")) is ulong first && objects.Read(iommu, type.Find("mmio_phys_end")) is ulong end && end > first
            ? end - first : null;

    // How far the kernel came in enabling all units (drivers/iommu/amd/init.c, enum iommu_init_state); what comes after IOMMU_INITIALIZED are ways to fail.
    private bool? AmdViEnabled()
    {
        if (objects.Variable("init_state") is not VirtualAddress variable || objects.Number(variable, sizeof(uint)) is not ulong state
            || objects.Types.FindEnumerator("IOMMU_ENABLED") is not long enabled || objects.Types.FindEnumerator("IOMMU_INITIALIZED") is not long initialized)
        {
            return null;
        }

        return (long)state > initialized ? false : (long)state >= enabled ? true : null;
    }

    // The extended feature register: the unit's own field, which stays 0 since 6.7, when what all units have in common moved to a variable.
    private ulong? AmdViFeatures(VirtualAddress iommu, StructType type) => objects.Read(iommu, type.Find("features")) is ulong own and not 0
        ? own
        : objects.Variable("amd_iommu_efr") is VirtualAddress common ? objects.Number(common, sizeof(ulong)) : null;

    // Since 6.1 each segment has a table; before, the kernel has one.
    private IommuUnit WithDeviceTable(IommuUnit unit, VirtualAddress? segment)
    {
        Field? table = objects.Types.FindField("amd_iommu_pci_seg", "dev_table");
        VirtualAddress? entries;
        ulong? size;
        string way;
        if (segment is VirtualAddress of && table is not null)
        {
            entries = objects.Pointer(of, table);
            size = objects.Read(of, objects.Types.FindField("amd_iommu_pci_seg", "dev_table_size"));
            way = "kernel amd_iommu_pci_seg.dev_table";
        }
        else
        {
            entries = objects.Variable("amd_iommu_dev_table") is VirtualAddress variable ? objects.Pointer(variable) : null;
            size = objects.Variable("dev_table_size") is VirtualAddress count ? objects.Number(count, sizeof(uint)) : null;
            way = "kernel amd_iommu_dev_table";
        }

        if (entries is not VirtualAddress first || !objects.Kernel.Space.TryTranslate(first, out PhysicalAddress root))
        {
            return unit;
        }

        int bytes = size is ulong known and > 0 and <= AmdViDeviceTables.MostBytes ? (int)known : AmdViDeviceTables.MostBytes;
        return unit with
        {
            Mode = IommuMode.DeviceTable,
            Tables = new AmdViDeviceTables(objects.Kernel.Memory, root, bytes, unit.Segment, objects.Kernel.Facts.EntryMask.Value),
            FoundBy = [way],
        };
    }
}
