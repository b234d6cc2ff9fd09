using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Maps;

/// <summary>
/// The areas of a process that allow what <see cref="MapsQuery.Rights"/> asks for though no page in them has those rights now: page tables are written when a
/// page is touched, and until then they let less through than the area allows.
/// </summary>
public sealed class AllowingAreas
{
    private readonly IReadOnlyList<MemoryArea> _areas;
    private readonly bool[] _shown;
    private int _next;

    internal AllowingAreas(KernelTask process, IReadOnlyList<MemoryArea> areas)
    {
        Process = process;
        _areas = areas;
        _shown = new bool[areas.Count];
    }

    /// <summary>Whose areas they are.</summary>
    public KernelTask Process { get; }

    /// <summary>The areas in which no mapping was told of, in order of address.</summary>
    public IReadOnlyList<MemoryArea> Rest => [.. _areas.Where((_, i) => !_shown[i])];

    /// <summary>The areas that a question is about; null where it asks for no rights, of no process, or where this kernel's areas are not described.</summary>
    public static AllowingAreas? Of(Machine machine, MapsQuery query)
    {
        AccessRights wanted = query.Rights & ~AccessRights.User;
        if (wanted == AccessRights.None || query.Root is not PhysicalAddress root || machine.Parts.OwnersOf(root) is not [KernelTask process, ..])
        {
            return null;
        }

        ulong last = query.Last?.Value ?? ulong.MaxValue;
        return machine.Parts.MemoryOf(process).Value is ProcessMemory memory
            ? new(
                process,
                [.. memory.Areas.Where(area => area.Allows(wanted) && area.Start.Value <= last && area.End.Value > query.First.Value)])
            : null;
    }

    /// <summary>Told of each mapping that has the rights, in order of address.</summary>
    public void Add(in Mapping mapping)
    {
        while (_next < _areas.Count && _areas[_next].End.Value <= mapping.Virtual.Value)
        {
            _next++;
        }

        ulong last = mapping.Virtual.Value + (mapping.Length - 1);
        for (int i = _next; i < _areas.Count && _areas[i].Start.Value <= last; i++)
        {
            _shown[i] = true;
        }
    }
}
