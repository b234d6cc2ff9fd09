using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Vmalloc;

/// <summary>Every piece of vmalloc space, module space included, in order of address.</summary>
public sealed class VmallocList
{
    private readonly VmallocArea[] _areas;

    internal VmallocList(IEnumerable<VmallocArea> areas, IReadOnlyList<string> damage)
    {
        _areas = [.. areas.OrderBy(area => area.Start)];
        Damage = damage;
    }

    /// <summary>The pieces.</summary>
    public IReadOnlyList<VmallocArea> Areas => _areas;

    /// <summary>What could not be followed or makes no sense, a line each; empty for a whole answer.</summary>
    public IReadOnlyList<string> Damage { get; }

    /// <summary>Reads every piece of vmalloc space.</summary>
    /// <exception cref="MissingTypeException">Nothing describes the kernel's structures, or where they begin.</exception>
    public static VmallocList Read(KernelObjects objects) => new VmallocReader(objects).Read();

    /// <summary>The piece that an address falls into; null for none.</summary>
    public VmallocArea? At(VirtualAddress address)
    {
        int low = 0;
        int high = _areas.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_areas[middle].Start.CompareTo(address) <= 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low > 0 && _areas[low - 1].Contains(address) ? _areas[low - 1] : null;
    }
}
