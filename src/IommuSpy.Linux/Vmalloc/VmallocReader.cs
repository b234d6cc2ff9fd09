using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Vmalloc;

/// <summary>
/// Follows the kernel's lists of areas (mm/vmalloc.c): one list until 6.8, since then one for each of some nodes, and beside them what waits for being
/// unmapped.
/// </summary>
internal sealed class VmallocReader
{
    // vm.max_map_count does not bound these; a machine of many CPUs has some hundred thousand.
    private const int MaxAreas = 1 << 20;
    private const ulong MaxNodes = 8192;

    // Flags of struct vmap_area before 5.2.
    private const ulong OldLazyFree = 0x3;
    private const ulong OldHasStructure = 0x4;

    private const ulong IoRemapFlag = 0x1;
    private const ulong AllocFlag = 0x2;
    private const ulong MapFlag = 0x4;

    // Before 5.3 this bit said of a vmalloc that the array of its pages is one too.
    private const ulong DmaCoherentFlag = 0x10;

    private readonly KernelObjects _objects;
    private readonly VmallocFields _fields;
    private readonly List<string> _damage = [];

    public VmallocReader(KernelObjects objects)
    {
        _objects = objects;
        _fields = new(objects.Types);
    }

    public VmallocList Read()
    {
        List<VmallocArea> areas = [];
        if (_objects.Variable("vmap_nodes") is VirtualAddress pointer && _fields is { Node: StructType node, Busy: Field busy, Lazy: Field lazy })
        {
            ReadNodes(pointer, node, busy, lazy, areas);
        }
        else if (_objects.Variable("vmap_area_list") is VirtualAddress list)
        {
            Add(areas, List(list, "vmap_area_list"), unpurged: false);
            if (_objects.Variable("purge_vmap_area_list") is VirtualAddress purged)
            {
                Add(areas, List(purged, "purge_vmap_area_list"), unpurged: true);
            }
            else if (_objects.Variable("vmap_purge_list") is VirtualAddress chain && _objects.Pointer(chain) is not null)
            {
                if (_fields.PurgeList is Field link)
                {
                    Add(areas, Chain(chain, link), unpurged: true);
                }
                else
                {
                    _damage.Add("areas wait on vmap_purge_list for being unmapped, and how it links them is not described");
                }
            }
        }
        else
        {
            throw new MissingTypeException("this kernel has no symbol vmap_area_list or vmap_nodes: where its vmalloc areas are listed is not known");
        }

        return new(areas, _damage);
    }

    private void ReadNodes(VirtualAddress pointer, StructType node, Field busy, Field lazy, List<VmallocArea> areas)
    {
        if (_objects.Pointer(pointer) is not VirtualAddress nodes || _objects.Variable("nr_vmap_nodes") is not VirtualAddress counter
            || _objects.Number(counter, sizeof(uint)) is not (ulong count and > 0 and <= MaxNodes))
        {
            _damage.Add("vmap_nodes cannot be read");
            return;
        }

        for (ulong i = 0; i < count; i++)
        {
            VirtualAddress at = nodes + (i * node.Bytes);
            Add(areas, List(at + busy.Offset, $"vmap_nodes[{i}].busy"), unpurged: false);
            Add(areas, List(at + lazy.Offset, $"vmap_nodes[{i}].lazy"), unpurged: true);
        }
    }

    private IReadOnlyList<VirtualAddress> List(VirtualAddress head, string name)
    {
        KernelList list = KernelList.Read(_objects, head, _fields.List.Offset, MaxAreas);
        if (list.Damage is string damage)
        {
            _damage.Add($"{name}: {damage}");
        }

        return list.Elements;
    }

    // A list of one direction (include/linux/llist.h) has no back links to check: what was seen before ends it.
    private List<VirtualAddress> Chain(VirtualAddress head, Field link)
    {
        List<VirtualAddress> elements = [];
        HashSet<ulong> seen = [];
        for (VirtualAddress? next = _objects.Pointer(head); next is VirtualAddress at; next = _objects.Pointer(at))
        {
            if (!seen.Add(at.Value) || seen.Count > MaxAreas)
            {
                _damage.Add($"vmap_purge_list goes round in a circle at {at}");
                break;
            }

            elements.Add(new(unchecked(at.Value - link.Offset)));
        }

        return elements;
    }

    private void Add(List<VmallocArea> areas, IReadOnlyList<VirtualAddress> elements, bool unpurged)
    {
        // Until 5.2 an area that waits for being unmapped was still on the list of all.
        HashSet<VirtualAddress> listed = unpurged ? [.. areas.Select(area => area.Start)] : [];
        foreach (VirtualAddress at in elements)
        {
            if (Area(at, unpurged) is VmallocArea area)
            {
                if (!listed.Contains(area.Start))
                {
                    areas.Add(area);
                }
            }
            else
            {
                _damage.Add($"struct vmap_area {at} makes no sense");
            }
        }
    }

    private VmallocArea? Area(VirtualAddress at, bool unpurged)
    {
        if (_objects.Read(at, _fields.Start) is not ulong start || _objects.Read(at, _fields.End) is not ulong end || start >= end || (long)start >= 0
            || start % PageFrame.Size != 0 || end % PageFrame.Size != 0)
        {
            return null;
        }

        ulong old = _fields.HasOldFlags ? _objects.Read(at, _fields.Flags) ?? 0 : 0;
        if (unpurged || (old & OldLazyFree) != 0)
        {
            return new(new(start), end - start, VmallocUse.Unpurged, null, null, null, 0, null);
        }

        if ((_fields.HasOldFlags && (old & OldHasStructure) == 0) || _objects.Pointer(at, _fields.Structure) is not VirtualAddress structure)
        {
            return new(new(start), end - start, VmallocUse.RamMap, null, null, null, 0, null);
        }

        if (_objects.Read(structure, _fields.StructureFlags) is not ulong flags || _objects.Read(structure, _fields.Size) is not ulong size)
        {
            return null;
        }

        VmallocUse use = (flags & IoRemapFlag) != 0 ? VmallocUse.IoRemap
            : (flags & AllocFlag) != 0 ? VmallocUse.Vmalloc
            : (flags & MapFlag) != 0 ? VmallocUse.Vmap
            : (flags & DmaCoherentFlag) != 0 ? VmallocUse.DmaCoherent
            : VmallocUse.Other;

        // A piece may be longer than what stands in it, for the sake of alignment: /proc/vmallocinfo prints the latter.
        return new(
            new(start),
            size > 0 && size <= end - start ? size : end - start,
            use,
            _objects.Pointer(structure, _fields.Caller),
            (uint?)_objects.Read(structure, _fields.PageCount),
            _objects.Read(structure, _fields.Physical) is ulong physical and not 0 ? new(physical) : null,
            flags,
            _objects.Pointer(structure, _fields.Pages));
    }
}
