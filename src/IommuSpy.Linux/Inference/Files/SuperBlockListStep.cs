namespace IommuSpy.Linux.Inference.Files;

/// <summary>super_block.s_list, on which all file systems are, and s_dev.</summary>
internal sealed class SuperBlockListStep : InferenceStep<SuperBlocks, SuperBlockList>
{
    private const int MaxSuperBytes = 2048;
    private const int MaxSupers = 1 << 16;
    private const int FewestSupers = 4;

    // Device numbers: 12 bits of major above 20 of minor. File systems without a device have major 0 and count minors.
    private const int MinorBits = 20;
    private const ulong LowestMinor = 64;

    /// <inheritdoc/>
    public override string Subject => "the list of all file systems";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["super_block.s_dev"];

    // All file systems are on one list, whose head is in the kernel's image.
    /// <inheritdoc/>
    public override Part<SuperBlockList> Infer(InferenceContext context, SuperBlocks supers)
    {
        (HashSet<ulong> known, int sb, int root) = (supers.InUse, supers.OfEntryAt, supers.RootAt);
        List<(int Offset, List<ulong> Supers)> lists = [];
        foreach (int offset in FieldSearch.Words(context.Memory, [.. known], MaxSuperBytes, (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            if (ListOf(context, known.First(), offset, sb, root) is List<ulong> linked && known.IsSubsetOf(linked)
                && offset < FieldSearch.LeastDistance(linked, MaxSuperBytes))
            {
                lists.Add((offset, linked));
            }
        }

        if (lists.Count != 1 || lists[0].Supers.Count < FewestSupers)
        {
            return Part.Absent($"{lists.Count} lists hold every super_block that is in use");
        }

        (int list, List<ulong> all) = lists[0];
        context.Book.Add("super_block", "s_list", list, context.Book.Struct("list_head"), all.Count,
            "a circular list, through a head in the kernel's image, of super_blocks with a root of their own; every one in use is on it");
        Dictionary<int, HashSet<ulong>> seen = [];
        List<int> devices = FieldSearch.HalfWords(context.Memory, all, FieldSearch.LeastDistance(all, MaxSuperBytes), (super, value, offset) =>
            value != 0 && (seen.TryGetValue(offset, out HashSet<ulong>? before) ? before : seen[offset] = []).Add(value)
            && !KernelBytes.LooksLikePointer(context.Read(super, offset & ~7)));

        // Most file systems have no device: major 0, and minors given out from the lowest on. Pointers to per-CPU memory are small and different too, and
        // aligned as these are not.
        devices.RemoveAll(offset => seen[offset].All(value => value % sizeof(uint) == 0)
            || seen[offset].Count(value => value >> MinorBits == 0) * 2 < all.Count || seen[offset].Min() > LowestMinor);
        if (devices.Count == 1)
        {
            context.Book.Add("super_block", "s_dev", devices[0], LayoutBook.UnsignedInt, all.Count,
                "the only number that is different in all super_blocks, of major 0 and a small minor in most");
        }
        else
        {
            context.Book.Refuse("super_block", "s_dev", $"{devices.Count} offsets hold a number that is different in all {all.Count} super_blocks");
        }

        return new SuperBlockList(all);
    }

    private static List<ulong>? ListOf(InferenceContext context, ulong first, int offset, int sb, int root)
    {
        List<ulong> supers = [];
        bool head = false;
        ulong at = first + (ulong)offset;
        do
        {
            if (context.Kernel.Text.Contains(new(at)))
            {
                if (head)
                {
                    return null;
                }

                head = true;
            }
            else
            {
                ulong super = at - (ulong)offset;
                ulong top = context.Read(super, root);
                if (supers.Count == MaxSupers || (top != 0 && context.Read(top, sb) != super))
                {
                    return null;
                }

                supers.Add(super);
            }

            ulong next = context.Memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || context.Memory.WordOrZero(next + 8) != at)
            {
                return null;
            }

            at = next;
        }
        while (at != first + (ulong)offset);
        return head ? supers : null;
    }
}
