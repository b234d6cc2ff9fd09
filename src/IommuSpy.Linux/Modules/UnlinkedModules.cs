using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Modules;

/// <summary>A struct module that lies in modules' memory.</summary>
/// <param name="Name">Its name; null where it cannot be read.</param>
/// <param name="Object">Where it is.</param>
public sealed record FoundModule(string? Name, VirtualAddress Object);

/// <summary>
/// Modules that lie in modules' memory and that the kernel's list does not link. Each struct module points to itself (mkobj.mod: kernel/module,
/// mod_sysfs_init) and says which memory is its own, which stays so when it is taken off the list.
/// </summary>
public sealed class UnlinkedModules
{
    // struct module is aligned to a cache line (include/linux/module.h).
    private const ulong Alignment = 64;

    // 4 GiB of modules' memory.
    private const ulong MostPages = 1 << 20;

    private UnlinkedModules(IReadOnlyList<FoundModule> found, int compared, string? damage)
    {
        Found = found;
        Compared = compared;
        Damage = damage;
    }

    /// <summary>Those that the list does not link, by address.</summary>
    public IReadOnlyList<FoundModule> Found { get; }

    /// <summary>How many modules were found by what they lie in and looked up in the list.</summary>
    public int Compared { get; }

    /// <summary>Why some may not have been found; null where all that the list links were found so, too.</summary>
    public string? Damage { get; }

    /// <summary>Looks through all that is mapped where modules lie.</summary>
    /// <exception cref="MissingTypeException">Nothing says where in struct module it points to itself.</exception>
    public static UnlinkedModules Of(KernelObjects objects, ModuleList list, KernelLayout layout)
    {
        ModuleReader reader = new(objects);
        StructType module = objects.Types.Struct("module");
        Field self = module.Field("mkobj.mod");
        Field name = module.Field("name");
        PageRuns runs = new([]);
        foreach (LayoutRegion region in layout.Regions.Where(region => region.Kind == RegionKind.Modules))
        {
            objects.Kernel.Space.Visit(region.Start, region.End, ref runs);
        }

        HashSet<VirtualAddress> linked = [.. list.Modules.Select(one => one.Object)];
        HashSet<VirtualAddress> seen = [];
        List<FoundModule> found = [];
        ulong left = MostPages * PageFrame.Size;
        foreach ((VirtualAddress start, ulong bytes) in runs.Found)
        {
            for (ulong at = 0; at < bytes && left >= Alignment; at += Alignment, left -= Alignment)
            {
                VirtualAddress candidate = start + at;
                if (objects.Word(candidate + self.Offset) == candidate.Value && reader.IsInItsMemory(candidate) && seen.Add(candidate)
                    && !linked.Contains(candidate))
                {
                    found.Add(new(objects.Text(candidate, name), candidate));
                }
            }
        }

        int missed = linked.Count(one => !seen.Contains(one));
        string? damage = left < Alignment ? "modules' memory is larger than is looked through"
            : missed > 0 ? $"{missed} of the {linked.Count} modules that are listed were not found by what they lie in: others may be hidden so, too"
            : null;
        return new(found, seen.Count, damage);
    }

    private struct PageRuns(List<(VirtualAddress Start, ulong Bytes)> found) : ICpuLeafVisitor
    {
        public readonly List<(VirtualAddress Start, ulong Bytes)> Found => found;

        public readonly void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            if ((ulong)found.Count < MostPages)
            {
                found.Add((leaf.Address, leaf.Bytes));
            }
        }
    }
}
