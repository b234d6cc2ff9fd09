using System.Numerics;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.SmmuV3;

namespace IommuSpy.Linux.Iommu;

/// <summary>
/// SMMUv3s by the kernel's own objects (drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h): each PCI function's struct arm_smmu_master leads to its unit.
/// </summary>
internal sealed class SmmuObjects
{
    private const ulong TwoLevelStreams = 1;
    private const ulong BaseMask = 0x000f_ffff_ffff_ffc0;

    // STRTAB_SPLIT.
    private const int Split = 8;
    private const int MostStreamBits = 32;

    private readonly KernelObjects _objects;
    private readonly StructType? _unit;
    private readonly Field? _masterUnit;

    /// <param name="objects">Reads the objects.</param>
    public SmmuObjects(KernelObjects objects)
    {
        _objects = objects;

        // The driver of SMMUv2 has structures of the same names.
        _unit = objects.Types.FindStruct("arm_smmu_device", "strtab_cfg");
        _masterUnit = objects.Types.FindStruct("arm_smmu_master", "smmu")?.Find("smmu");
    }

    /// <summary>Every unit that serves a PCI function; none where nothing describes them.</summary>
    public List<IommuUnit> Units()
    {
        if (_unit is null || _masterUnit is null || Part.Read(() => PciInventory.Read(_objects)).Value is not PciInventory inventory)
        {
            return [];
        }

        List<IommuUnit> units = [];
        foreach (IGrouping<VirtualAddress, PciFunction> served in inventory.Functions
            .Where(function => UnitOf(function) is not null)
            .GroupBy(function => UnitOf(function)!.Value))
        {
            units.Add(Unit(served.Key, [.. served]));
        }

        return units;
    }

    // The unit by what its driver keeps of the function.
    private VirtualAddress? UnitOf(PciFunction function) =>
        function.Iommu.DriverData is VirtualAddress master && _objects.Pointer(master, _masterUnit) is VirtualAddress unit
            && (function.Iommu.Unit is not VirtualAddress embedded || _unit!.Find("iommu") is not Field inside || unit + inside.Offset == embedded)
            ? unit : null;

    private IommuUnit Unit(VirtualAddress unit, IReadOnlyList<PciFunction> served)
    {
        uint segment = served[0].Address.Domain;
        PhysicalAddress? registers = _objects.Pointer(unit, _unit!.Find("base")) is VirtualAddress mapped
            && _objects.Kernel.Space.TryTranslate(mapped, out PhysicalAddress physical) ? physical : null;
        IommuUnit found = new()
        {
            Kind = IommuKind.SmmuV3,
            Mode = IommuMode.None,
            Object = unit,
            Name = registers is PhysicalAddress at ? $"smmu3.0x{at.Value:x16}" : null,
            Registers = registers,
            Segment = (ushort)segment,
            Queues = new IommuQueueReader(_objects).Smmu(unit, _unit!),
            FoundBy = ["kernel arm_smmu_device"],
        };
        if (Table(unit) is not { } table)
        {
            return found;
        }

        // What iommu-map of the device tree, or IORT, makes of a requester's number.
        Dictionary<RequesterId, uint> streams = [];
        foreach (PciFunction function in served)
        {
            if (function.Iommu.FirmwareIds is [uint stream, ..] && stream != function.Address.RequesterId)
            {
                streams[new(function.Address.Domain, function.Address.RequesterId)] = stream;
            }
        }

        return found with
        {
            Mode = IommuMode.StreamTable,
            Tables = new SmmuV3StreamTables(_objects.Kernel.Memory, table.Root, table.Bits, table.Split, segment, streams),
            FoundBy = [table.Way],
        };
    }

    // Until 6.11 the values of STRTAB_BASE and STRTAB_BASE_CFG; since then the tables, and whether there are two levels.
    private (PhysicalAddress Root, int Bits, int? Split, string Way)? Table(VirtualAddress unit)
    {
        if (_unit!.Find("strtab_cfg.strtab_base") is Field written && _unit.Find("strtab_cfg.strtab_base_cfg") is Field configuration)
        {
            const int TwoLevels = 1;
            return _objects.Read(unit, written) is ulong registered && _objects.Read(unit, configuration) is ulong settings
                && (int)(settings & 0x3f) is var size and <= MostStreamBits
                ? (new(registered & BaseMask), size, ((settings >> 16) & 3) == TwoLevels ? (int)(settings >> 6) & 0x1f : null,
                    "kernel arm_smmu_device.strtab_cfg.strtab_base")
                : null;
        }

        bool two = (_objects.Read(unit, _unit.Find("features")) & TwoLevelStreams) is not (null or 0);
        Field? table = two ? _unit.Find("strtab_cfg.l2.l1tab") : _unit.Find("strtab_cfg.linear.table");
        Field? count = two ? _unit.Find("strtab_cfg.l2.num_l1_ents") : _unit.Find("strtab_cfg.linear.num_ents");
        return _objects.Pointer(unit, table) is VirtualAddress first && _objects.Kernel.Space.TryTranslate(first, out PhysicalAddress root)
            && _objects.Read(unit, count) is ulong entries && BitOperations.IsPow2(entries) && BitOperations.Log2(entries) + Split <= MostStreamBits
            ? (root, BitOperations.Log2(entries) + (two ? Split : 0), two ? Split : null,
                two ? "kernel arm_smmu_device.strtab_cfg.l2" : "kernel arm_smmu_device.strtab_cfg.linear")
            : null;
    }
}
