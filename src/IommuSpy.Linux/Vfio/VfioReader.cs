using IommuSpy.Linux.Files;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Vfio;

/// <summary>
/// Finds containers by the files that processes have open (drivers/vfio/container.c, group.c, vfio_main.c: what file->f_op is, and what private_data is then),
/// and reads what type 1 keeps of their memory (drivers/vfio/vfio_iommu_type1.c).
/// </summary>
internal sealed class VfioReader
{
    // A group has at most as many devices as there are functions, a container as many groups.
    private const int MostMembers = 1 << 16;
    private const int MostMappings = 1 << 20;

    // include/linux/iommu.h, IOMMU_READ and IOMMU_WRITE, as vfio_dma.prot has them.
    private const ulong ReadRight = 1;
    private const ulong WriteRight = 2;

    private readonly KernelObjects _objects;
    private readonly KernelTypes _types;
    private readonly KernelTypes? _typeOne;
    private readonly VirtualAddress? _typeOneOperations;

    private VfioReader(KernelObjects objects, KernelTypes types, KernelTypes? typeOne, VirtualAddress? typeOneOperations)
    {
        _objects = objects;
        _types = types;
        _typeOne = typeOne;
        _typeOneOperations = typeOneOperations;
    }

    public static VfioContainerList Find(KernelParts parts)
    {
        KernelObjects objects = parts.Objects.Required;
        ModuleList? modules = parts.Modules.Value;
        KernelModule? vfio = modules?.Find("vfio");
        VirtualAddress? Operations(string name) => vfio?.Symbols.Find(name)?.Address ?? objects.Variable(name);
        VirtualAddress? containers = Operations("vfio_fops");
        VirtualAddress? groups = Operations("vfio_group_fops");
        if (containers is null && groups is null)
        {
            return modules is null ? throw new MissingTypeException($"whether VFIO is in use is not known: {parts.Modules.Absence}") : new([], []);
        }

        KernelTypes types = Describing(vfio?.Types, objects.Types, "vfio_container");
        KernelModule? typeOne = modules?.Find("vfio_iommu_type1");
        VfioReader reader = new(
            objects, types, typeOne?.Types is { } its && its.FindStruct("vfio_iommu") is not null ? its : objects.Types,
            typeOne?.Symbols.Find("vfio_iommu_driver_ops_type1")?.Address ?? objects.Variable("vfio_iommu_driver_ops_type1"));
        return reader.Read(parts.Tasks.Required, containers, groups);
    }

    private static KernelTypes Describing(KernelTypes? modules, KernelTypes kernels, string type) =>
        modules?.FindStruct(type) is not null ? modules
        : kernels.FindStruct(type) is not null ? kernels
        : throw new MissingTypeException("VFIO is loaded, and nothing describes its types: modules carry them since 5.11");

    private VfioContainerList Read(TaskTable tasks, VirtualAddress? containerOperations, VirtualAddress? groupOperations)
    {
        Field operations = _objects.Types.Struct("file").Field("f_op");
        Field data = _objects.Types.Struct("file").Field("private_data");
        StructType group = _types.Struct("vfio_group");
        OpenFileReader files = new(_objects);
        Dictionary<VirtualAddress, List<KernelTask>> owners = [];
        List<string> damage = [];
        foreach (KernelTask process in tasks.Processes)
        {
            (IReadOnlyList<(int, VirtualAddress File)> open, string? missing) = files.Opened(process);
            damage.AddRange(missing is null ? [] : [missing]);
            foreach ((_, VirtualAddress file) in open)
            {
                VirtualAddress? kind = _objects.Pointer(file, operations);
                VirtualAddress? container = kind is null ? null
                    : kind == containerOperations ? _objects.Pointer(file, data)
                    : kind == groupOperations && _objects.Pointer(file, data) is VirtualAddress its ? _objects.Pointer(its, group.Field("container"))
                    : null;
                if (container is VirtualAddress found)
                {
                    if (!owners.TryGetValue(found, out List<KernelTask>? known))
                    {
                        owners[found] = known = [];
                    }

                    known.AddRange(known.Contains(process) ? [] : [process]);
                }
            }
        }

        return new([.. owners.OrderBy(pair => pair.Key.Value).Select(pair => Container(pair.Key, pair.Value))], damage);
    }

    private VfioContainer Container(VirtualAddress address, IReadOnlyList<KernelTask> owners)
    {
        List<string> damage = [];
        StructType container = _types.Struct("vfio_container");
        StructType group = _types.Struct("vfio_group");
        StructType device = _types.Struct("vfio_device");
        List<VirtualAddress> groups = [];
        List<VirtualAddress> devices = [];
        List<VirtualAddress> machines = [];
        foreach (VirtualAddress member in Members(address + container.Field("group_list").Offset, group.Field("container_next"), "groups", damage))
        {
            Add(groups, _objects.Pointer(member, group.Find("iommu_group")));
            Add(machines, _objects.Pointer(member, group.Find("kvm")));
            foreach (VirtualAddress driven in Members(member + group.Field("device_list").Offset, device.Field("group_next"), "devices", damage))
            {
                Add(devices, _objects.Pointer(driven, device.Find("dev")));
                Add(machines, _objects.Pointer(driven, device.Find("kvm")));
            }
        }

        List<VirtualAddress> domains = [];
        List<VfioMapping> mappings = [];
        if (_objects.Pointer(address, container.Field("iommu_data")) is VirtualAddress data)
        {
            if (_typeOneOperations is VirtualAddress wanted && _typeOne is not null
                && _objects.Pointer(address, container.Field("iommu_driver")) is VirtualAddress driver
                && _objects.Pointer(driver, _types.FindField("vfio_iommu_driver", "ops")) == wanted)
            {
                ReadTypeOne(data, domains, mappings, damage);
            }
            else
            {
                damage.Add($"the VFIO container at {address}: what it maps is kept by a driver other than type 1, and is not read");
            }
        }

        return new(address, owners, groups, devices, domains, machines, mappings, damage);
    }

    private void ReadTypeOne(VirtualAddress iommu, List<VirtualAddress> domains, List<VfioMapping> mappings, List<string> damage)
    {
        StructType type = _typeOne!.Struct("vfio_iommu");
        StructType domain = _typeOne.Struct("vfio_domain");
        foreach (VirtualAddress member in Members(iommu + type.Field("domain_list").Offset, domain.Field("next"), "domains", damage))
        {
            Add(domains, _objects.Pointer(member, domain.Field("domain")));
        }

        StructType dma = _typeOne.Struct("vfio_dma");
        RedBlackTree tree = RedBlackTree.Read(_objects, iommu + type.Field("dma_list").Offset, dma.Field("node").Offset, MostMappings);
        damage.AddRange(tree.Damage is null ? [] : [$"what the VFIO container of {iommu} maps: {tree.Damage}"]);
        ulong before = 0;
        foreach (VirtualAddress at in tree.Elements)
        {
            if (_objects.Read(at, dma.Field("iova")) is ulong start && _objects.Read(at, dma.Field("vaddr")) is ulong process
                && _objects.Read(at, dma.Field("size")) is (ulong bytes and > 0) && bytes % PageFrame.Size == 0
                && _objects.Read(at, dma.Field("prot")) is ulong prot
                && start >= before && start + (bytes - 1) >= start && process + (bytes - 1) >= process)
            {
                before = start + (bytes - 1);
                mappings.Add(new(new(start), new(process), bytes, (prot & ReadRight) != 0, (prot & WriteRight) != 0, Memory(at, dma)));
            }
            else
            {
                damage.Add($"the VFIO mapping at {at} is left out: it is no whole pages, ends beyond the last address, or begins in the one before it");
            }
        }
    }

    // The mm_struct itself since 6.2 (and stable releases of 6.1); before, the task that mapped.
    private VirtualAddress? Memory(VirtualAddress mapping, StructType dma) => dma.Find("mm") is Field mm
        ? _objects.Pointer(mapping, mm)
        : _objects.Pointer(mapping, dma.Find("task")) is VirtualAddress task ? _objects.Pointer(task, _objects.Types.FindField("task_struct", "mm")) : null;

    private IReadOnlyList<VirtualAddress> Members(VirtualAddress head, Field link, string what, List<string> damage)
    {
        KernelList list = KernelList.Read(_objects, head, link.Offset, MostMembers);
        damage.AddRange(list.Damage is null ? [] : [$"the {what} of a VFIO container: {list.Damage}"]);
        return list.Elements;
    }

    private static void Add(List<VirtualAddress> to, VirtualAddress? found)
    {
        if (found is VirtualAddress one && !to.Contains(one))
        {
            to.Add(one);
        }
    }
}
