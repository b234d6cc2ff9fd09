namespace IommuSpy.Linux.Inference.Files;

/// <summary>inode.i_ino, by the inodes of each file system.</summary>
internal sealed class InodeNumberStep : InferenceStep<MappedFiles, SuperBlocks, Part<SuperBlockList>, FieldsOnly>
{
    private const int MaxInodeBytes = 1024;
    private const int MaxSuperBytes = 2048;
    private const int InodeSample = 20_000;
    private const int FewestSupers = 4;
    private const int FewestInodes = 16;
    private const ulong SmallNumber = 1024;
    private static readonly (int Are, int Of) Most = (19, 20);

    /// <inheritdoc/>
    public override string Subject => "the numbers of inodes";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["inode.i_ino"];

    // Each super_block's list of inodes ends in the super_block itself; every inode on it leads back to it.
    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, MappedFiles files, SuperBlocks supers, Part<SuperBlockList> list)
    {
        KernelBytes memory = context.Memory;
        int sb = supers.OfInodeAt;
        List<ulong> known = [.. files.Entries.Select(entry => files.InodeOf(context, entry)).Distinct()];
        List<(int List, int Head, List<ulong> Inodes)> found = [];
        foreach (int offset in FieldSearch.Words(memory, known, MaxInodeBytes, (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            // Some file systems of the kernel's own keep no list: their inodes lead to themselves.
            Dictionary<ulong, ulong> firsts = [];
            foreach (ulong inode in known.Where(inode => context.Read(inode, offset) != inode + (ulong)offset))
            {
                firsts.TryAdd(context.Read(inode, sb), inode);
            }

            int head = -1;
            List<ulong> inodes = [];
            if (firsts.Count > 1 && firsts.All(pair => Collect(context, pair.Key, pair.Value, offset, sb, ref head, inodes)))
            {
                found.Add((offset, head, inodes));
            }
        }

        if (found.Count != 1)
        {
            return Part.Absent($"{found.Count} lists lead from an inode through others of its file system to the super_block");
        }

        (int link, int listHead, List<ulong> all) = found[0];
        const string Invariant = "a circular list through the super_block, on which every inode leads back to it";
        context.Book.Add("inode", "i_sb_list", link, context.Book.Struct("list_head"), all.Count, Invariant);
        context.Book.Add("super_block", "s_inodes", listHead, context.Book.Struct("list_head"), all.Count, Invariant);

        // Roots have small numbers, which tells them from the fractions of seconds that are different too. Some file systems give a number twice, or none.
        List<ulong> roots = [.. (list.Value?.All ?? []).Select(super => files.InodeOf(context, context.Read(super, supers.RootAt))).Where(inode => inode != 0)];
        List<int> numbers = FieldSearch.Words(memory, all, FieldSearch.LeastDistance(all, MaxInodeBytes),
            (_, value, _) => !KernelBytes.LooksLikePointer(value));
        numbers.RemoveAll(offset => roots.Count(inode => context.Read(inode, offset) is > 0 and <= SmallNumber) * 4 < roots.Count * 3);
        numbers.RemoveAll(offset =>
            all.Select(inode => (context.Read(inode, sb), context.Read(inode, offset))).Distinct().Count() * Most.Of < all.Count * Most.Are);
        if (numbers.Count == 1 && all.Count >= FewestInodes && roots.Count >= FewestSupers)
        {
            context.Book.Add("inode", "i_ino", numbers[0], LayoutBook.UnsignedLong, all.Count,
                "different in 19 of 20 inodes of a file system and more, and small in three of four of their roots");
            return FieldsOnly.Done;
        }

        return Part.Absent($"{numbers.Count} offsets hold a number that is different in the {all.Count} inodes of each file system");
    }

    private static bool Collect(InferenceContext context, ulong super, ulong first, int offset, int sb, ref int head, List<ulong> inodes)
    {
        bool through = false;
        ulong at = first + (ulong)offset;
        do
        {
            if (at - super < MaxSuperBytes)
            {
                if (through || (head >= 0 && head != (int)(at - super)))
                {
                    return false;
                }

                head = (int)(at - super);
                through = true;
            }
            else
            {
                ulong inode = at - (ulong)offset;
                if (context.Read(inode, sb) != super)
                {
                    return false;
                }

                if (inodes.Count == InodeSample)
                {
                    return true;
                }

                inodes.Add(inode);
            }

            ulong next = context.Memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || context.Memory.WordOrZero(next + 8) != at)
            {
                return false;
            }

            at = next;
        }
        while (at != first + (ulong)offset);
        return through;
    }
}
