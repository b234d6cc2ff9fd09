using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>
/// Where the VMAs of an address space are: in a maple tree since 6.1, before that on a list that a red-black tree repeats. What is damaged in one form is
/// looked for in the other.
/// </summary>
internal sealed class AreaList(KernelObjects objects, AreaFields fields)
{
    // vm.max_map_count is 65,530 unless set; who sets it for databases takes 262,144.
    private const int MaxAreas = 1 << 20;

    // struct maple_tree begins with a lock, whose size differs with configuration.
    private const ulong LargestLock = 64;
    private const ulong RootParent = 1;
    private const ulong NodeMask = ~(ulong)(MapleLayout.NodeBytes - 1);

    /// <summary>The VMAs, in order.</summary>
    /// <param name="mm">The mm_struct.</param>
    /// <param name="damage">Told what could not be read.</param>
    /// <returns>Each VMA, and the first address and the last that it has by the tree; null where the form keeps none.</returns>
    /// <exception cref="MissingTypeException">None of the forms is described.</exception>
    public IReadOnlyList<(VirtualAddress Area, (ulong First, ulong Last)? Range)> Read(VirtualAddress mm, List<string> damage)
    {
        if (fields.MapleTree is { } maple)
        {
            VirtualAddress tree = mm + maple.Offset;
            if (MapleRoot(tree) is not ulong root)
            {
                damage.Add($"maple tree: the root of {tree} cannot be read");
                return [];
            }

            (IReadOnlyList<MapleEntry> entries, IReadOnlyList<string> problems) = MapleTree.Read(objects, tree, root);
            damage.AddRange(problems);
            return [.. entries.Select(entry => (new VirtualAddress(entry.Value), ((ulong, ulong)?)(entry.First, entry.Last)))];
        }

        if (fields is { List: { } list, Next: { } next })
        {
            return FromList(mm, list, next, damage);
        }

        if (fields is { Tree: { } head, TreeNode: { } node })
        {
            RedBlackTree tree = RedBlackTree.Read(objects, mm + head.Offset, node.Offset, MaxAreas);
            if (tree.Damage is not null)
            {
                damage.Add($"tree of areas: {tree.Damage}");
            }

            return [.. tree.Elements.Select(area => (area, ((ulong, ulong)?)null))];
        }

        throw new MissingTypeException($"where an address space keeps its areas is not described: mm_struct has no mm_mt, mmap or mm_rb "
            + $"({objects.Types.Origin})");
    }

    // Where the tree's structure is not described, its root is the one whose node leads back to the tree.
    private ulong? MapleRoot(VirtualAddress tree)
    {
        if (fields.MapleRoot is { } described)
        {
            return objects.Read(tree, described);
        }

        for (ulong at = sizeof(ulong); at <= LargestLock; at += sizeof(ulong))
        {
            if (objects.Word(tree + at) is ulong root && (root & 3) == 2 && objects.Word(new(root & NodeMask)) == (tree.Value | RootParent))
            {
                return root;
            }
        }

        return null;
    }

    private List<(VirtualAddress Area, (ulong First, ulong Last)? Range)> FromList(VirtualAddress mm, Field list, Field next, List<string> damage)
    {
        SortedDictionary<ulong, VirtualAddress> found = [];
        WorkAllowance allowance = new(objects.Kernel.Memory.Budget, Work.Steps, MaxAreas);
        ulong last = 0;
        string? broken = null;
        VirtualAddress? at = objects.Pointer(mm, list);
        while (at is VirtualAddress area && broken is null)
        {
            // Each begins behind the one before: that ends every circle too.
            if (objects.Read(area, fields.Start) is not ulong start || objects.Read(area, fields.End) is not ulong end)
            {
                broken = $"the area at {area} cannot be read";
            }
            else if (start < last || end <= start)
            {
                broken = $"the area at {area} does not come after the one before it";
            }
            else if (!allowance.TryUse())
            {
                broken = $"it has more than {found.Count} areas";
            }
            else
            {
                found.Add(start, area);
                last = end;
                at = objects.Pointer(area, next);
            }
        }

        allowance.Finish();
        if (broken is not null)
        {
            damage.Add($"list of areas: {broken}");
            FromTree(mm, found, damage);
        }

        return [.. found.Values.Select(area => (area, ((ulong, ulong)?)null))];
    }

    private void FromTree(VirtualAddress mm, SortedDictionary<ulong, VirtualAddress> found, List<string> damage)
    {
        if (fields is not { Tree: { } head, TreeNode: { } node })
        {
            return;
        }

        int before = found.Count;
        RedBlackTree tree = RedBlackTree.Read(objects, mm + head.Offset, node.Offset, MaxAreas);
        foreach (VirtualAddress area in tree.Elements)
        {
            if (objects.Read(area, fields.Start) is ulong start)
            {
                found.TryAdd(start, area);
            }
        }

        damage.Add($"the tree of areas has {found.Count - before} more{(tree.Damage is null ? "" : $", until {tree.Damage}")}");
    }
}
