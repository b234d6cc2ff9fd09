using IommuSpy.Linux;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>
/// From a page frame to everyone who maps it: one pass over the kernel's half and every process's user half, kept as extents in a tree. Its memory is
/// proportional to the runs that are mapped, not to RAM; a query takes microseconds. Immutable; safe to share between threads.
/// </summary>
public sealed class ReverseMap
{
    /// <summary>
    /// Mappings of one frame that a query names at the most. Of one page there may be thousands of millions: the one to which KASAN maps its shadow of unused
    /// memory.
    /// </summary>
    public const int MostMappers = 1024;

    private readonly AddressSpace[] _spaces;
    private readonly ExtentTree _tree;
    private readonly Dictionary<ulong, PageTableUse> _tables;

    private ReverseMap(AddressSpace[] spaces, ExtentTree tree, Dictionary<ulong, PageTableUse> tables, bool isWhole)
    {
        _spaces = spaces;
        _tree = tree;
        _tables = tables;
        IsWhole = isWhole;
    }

    /// <summary>Whether every table was read: none is missing from the image, and none was passed over because a walk became too long.</summary>
    public bool IsWhole { get; }

    /// <summary>How many extents the spaces were merged into.</summary>
    public int Extents => _tree.Count;

    /// <summary>How many address spaces were read: the kernel's and every process's.</summary>
    public int Spaces => _spaces.Length;

    /// <summary>Reads all address spaces of a machine, on all cores.</summary>
    public static ReverseMap Of(KernelParts parts)
    {
        // The kernel's own space comes first, so a table that it shares with processes counts as its.
        AddressSpace[] spaces = [parts.Kernel.Space,
            .. (parts.ProcessTables ?? []).Where(root => root != parts.Kernel.Space.Root).Select(parts.Kernel.SpaceOf)];
        ExtentList[] extents = new ExtentList[spaces.Length];
        Dictionary<ulong, PageTableUse>[] tables = new Dictionary<ulong, PageTableUse>[spaces.Length];
        bool[] whole = new bool[spaces.Length];
        Parallel.For(0, spaces.Length, i =>
        {
            AddressSpace space = spaces[i];
            extents[i] = [];
            tables[i] = [];
            ExtentCollector leaves = new(i, extents[i], parts.Kernel.Memory.Budget);
            TableCollector used = new(space, i, tables[i]);
            (VirtualAddress first, VirtualAddress last) = i == 0 ? (space.FirstKernelAddress, new VirtualAddress(ulong.MaxValue))
                : (new VirtualAddress(0), space.LastUserAddress);
            var summary = (i == 0 ? space : parts.UserSpace(space.Root)).Visit(first, last, ref leaves);
            leaves.Complete();
            space.VisitTables(first, last, ref used);
            whole[i] = summary.MissingTables == 0 && !summary.LimitReached && !leaves.LimitReached;
        });

        Dictionary<ulong, PageTableUse> allTables = tables[0];
        foreach (KeyValuePair<ulong, PageTableUse> table in tables.Skip(1).SelectMany(own => own))
        {
            allTables.TryAdd(table.Key, table.Value);
        }

        return new(spaces, new(ExtentList.Join(extents)), allTables, whole.All(all => all));
    }

    /// <summary>Every mapping of a frame, the kernel's first, at most <see cref="MostMappers"/>.</summary>
    public IReadOnlyList<PageMapper> MappersOf(PageFrame frame)
    {
        List<MappedExtent> extents = [];
        _tree.Find(frame.Number, extents);
        List<PageMapper> mappers = [];
        foreach (MappedExtent extent in extents.OrderBy(extent => extent.Space).ThenBy(extent => extent.Virtual))
        {
            ulong within = (frame.Number - extent.Frame) << PageFrame.Shift;
            PhysicalAddress? root = extent.Space == 0 ? null : _spaces[extent.Space].Root;
            ulong repeats = extent.Repeats ? extent.Pages : 1;
            for (ulong i = 0; i < repeats && mappers.Count < MostMappers; i++)
            {
                mappers.Add(new(root, new VirtualAddress(extent.Virtual + (i << extent.PageShift)) + within, 1UL << extent.PageShift, extent.Rights));
            }
        }

        return mappers;
    }

    /// <summary>
    /// The page table that lives in a frame: its space's top table (null for the kernel's half), its level and the first address that it translates; null where
    /// none does.
    /// </summary>
    public (PhysicalAddress? Root, int Level, VirtualAddress First)? TableIn(PageFrame frame) =>
        _tables.TryGetValue(frame.Number, out PageTableUse use) ? (use.Space == 0 ? null : _spaces[use.Space].Root, use.Level, use.First) : null;
}
