namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// The file systems of directory entries: dentry.d_sb and inode.i_sb lead to the same super_block, whose s_root is an entry of it that is its own parent, and
/// which is on the list of all; then s_dev, the inodes of each and their numbers and modes.
/// </summary>
internal static class SuperBlockStep
{
    private const int MaxEntryBytes = 256;
    private const int MaxInodeBytes = 1024;
    private const int MaxSuperBytes = 2048;
    private const int MaxSupers = 1 << 16;
    private const int InodeSample = 20_000;
    private const ulong TypeMask = 0xf000; // S_IFMT
    private const ulong Directory = 0x4000; // S_IFDIR

    // Device numbers: 12 bits of major above 20 of minor. File systems without a device have major 0 and count minors.
    private const int MinorBits = 20;
    private const ulong LowestMinor = 64;
    private const int FewestSupers = 4;
    private const int FewestInodes = 16;
    private const ulong SmallNumber = 1024;
    private static readonly (int Are, int Of) Most = (19, 20);

    public static void Run(InferenceState state)
    {
        if (state.Entries.Count == 0)
        {
            return;
        }

        Mode(state);
        Mapping(state);
        if (!Supers(state))
        {
            return;
        }

        Numbers(state);
    }

    private static ulong InodeOf(InferenceState state, ulong entry) => state.Read(entry, state.At("dentry", "d_inode"));

    private static void Mode(InferenceState state)
    {
        HashSet<ulong> directories = [.. state.Directories.Select(entry => InodeOf(state, entry))];
        List<ulong> inodes = [.. state.Entries.Select(entry => InodeOf(state, entry)).Distinct()];
        List<int> offsets = FieldSearch.HalfWords(state.Memory, inodes, FieldSearch.LeastDistance(inodes, MaxInodeBytes), (inode, value, _) =>
            ((value & TypeMask) == Directory) == directories.Contains(inode) && (value & TypeMask) is 0 or 0x2000 or Directory or 0x6000 or 0x8000);
        if (offsets.Count == 1 && directories.Count > 0)
        {
            state.Book.Add("inode", "i_mode", offsets[0], LayoutBook.UnsignedShort, inodes.Count,
                "says directory in exactly those inodes below which others are");
        }
        else
        {
            state.Book.Refuse("inode", "i_mode", $"{offsets.Count} offsets say which inodes are directories");
        }
    }

    // A file leads to an address_space, which begins with its host, an inode that leads back to it. The host is the file's inode but for devices.
    private static void Mapping(InferenceState state)
    {
        int inode = state.At("file", "f_inode");
        int entry = state.At("file", "f_path") + sizeof(ulong);
        List<(int File, int Inode)> found = [];
        foreach (int offset in FieldSearch.Words(state.Memory, state.Files, FieldSearch.LeastDistance(state.Files, 512), (_, value, offset) =>
            offset != inode && offset != entry && state.Memory.IsDirect(value) && value % 8 == 0 && state.Memory.IsDirect(state.Read(value, 0))))
        {
            if (!state.Files.Exists(file => state.Read(state.Read(file, offset), 0) == state.Read(file, inode)))
            {
                continue;
            }

            Dictionary<ulong, ulong> spaces = [];
            state.Files.ForEach(file => spaces[state.Read(state.Read(file, offset), 0)] = state.Read(file, offset));
            found.AddRange(FieldSearch.Words(state.Memory, [.. spaces.Keys], MaxInodeBytes, (host, value, _) => value == spaces[host])
                .Select(own => (offset, own)));
        }

        if (found.Count != 1)
        {
            state.Book.Refuse("file", "f_mapping", $"{found.Count} pointers of files lead to something that begins with an inode that leads back");
            return;
        }

        const string Invariant = "a file's address_space begins with an inode, which leads back to it";
        (int mapping, int ofInode) = found[0];
        state.Book.Add("address_space", "host", 0, state.Book.PointerTo("inode"), state.Files.Count, Invariant);
        state.Book.Add("file", "f_mapping", mapping, state.Book.PointerTo("address_space"), state.Files.Count, Invariant);
        state.Book.Add("inode", "i_mapping", ofInode, state.Book.PointerTo("address_space"), state.Files.Count, Invariant);
        ulong[] distances = [.. state.Files.Select(file => state.Read(file, mapping)).Select(space => space - state.Read(space, 0)).Distinct()];
        if (distances is [< MaxInodeBytes])
        {
            state.Book.Add("inode", "i_data", (int)distances[0], state.Book.Struct("address_space"), state.Files.Count,
                "where in each inode the address_space lies that it leads to");
        }
    }

    private static bool Supers(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        int parent = state.At("dentry", "d_parent");
        List<int> ofEntries = FieldSearch.Words(memory, state.Entries, MaxEntryBytes,
            (entry, value, _) => memory.IsDirect(value) && value % 8 == 0 && value != entry && value != InodeOf(state, entry));
        List<(int Entry, int Inode, int Root)> found = [];
        foreach (int ofEntry in ofEntries)
        {
            Dictionary<ulong, ulong> supers = [];
            foreach (ulong entry in state.Entries)
            {
                supers[InodeOf(state, entry)] = state.Read(entry, ofEntry);
            }

            foreach (int ofInode in FieldSearch.Words(memory, [.. supers.Keys], MaxInodeBytes, (inode, value, _) => value == supers[inode]))
            {
                found.AddRange(FieldSearch.Words(memory, [.. supers.Values.Distinct()], MaxSuperBytes, (super, value, _) =>
                    memory.IsDirect(value) && state.Read(value, ofEntry) == super && state.Read(value, parent) == value)
                    .Select(root => (ofEntry, ofInode, root)));
            }
        }

        if (found.Count != 1)
        {
            string reason = $"{found.Count} pairs of pointers lead from each directory entry and its inode to the same super_block with a root";
            state.Book.Refuse("dentry", "d_sb", reason);
            state.Book.Refuse("inode", "i_sb", reason);
            state.Book.Refuse("super_block", "s_dev", reason);
            return false;
        }

        (int sb, int isb, int root) = found[0];
        const string Invariant = "entry and inode lead to the same super_block, whose root is an entry of it and its own parent";
        state.Book.Add("dentry", "d_sb", sb, state.Book.PointerTo("super_block"), state.Entries.Count, Invariant);
        state.Book.Add("inode", "i_sb", isb, state.Book.PointerTo("super_block"), state.Entries.Count, Invariant);
        HashSet<ulong> known = [.. state.Entries.Select(entry => state.Read(entry, sb))];
        state.Book.Add("super_block", "s_root", root, state.Book.PointerTo("dentry"), known.Count, Invariant);
        Devices(state, known, sb, root);
        return true;
    }

    // All file systems are on one list, whose head is in the kernel's image.
    private static void Devices(InferenceState state, HashSet<ulong> known, int sb, int root)
    {
        List<(int Offset, List<ulong> Supers)> lists = [];
        foreach (int offset in FieldSearch.Words(state.Memory, [.. known], MaxSuperBytes, (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            if (ListOf(state, known.First(), offset, sb, root) is List<ulong> supers && known.IsSubsetOf(supers)
                && offset < FieldSearch.LeastDistance(supers, MaxSuperBytes))
            {
                lists.Add((offset, supers));
            }
        }

        if (lists.Count != 1 || lists[0].Supers.Count < FewestSupers)
        {
            state.Book.Refuse("super_block", "s_dev", $"{lists.Count} lists hold every super_block that is in use");
            return;
        }

        (int list, List<ulong> all) = lists[0];
        state.Supers = all;
        state.Book.Add("super_block", "s_list", list, state.Book.Struct("list_head"), all.Count,
            "a circular list, through a head in the kernel's image, of super_blocks with a root of their own; every one in use is on it");
        Dictionary<int, HashSet<ulong>> seen = [];
        List<int> devices = FieldSearch.HalfWords(state.Memory, all, FieldSearch.LeastDistance(all, MaxSuperBytes), (super, value, offset) =>
            value != 0 && (seen.TryGetValue(offset, out HashSet<ulong>? before) ? before : seen[offset] = []).Add(value)
            && !KernelBytes.LooksLikePointer(state.Read(super, offset & ~7)));

        // Most file systems have no device: major 0, and minors given out from the lowest on. Pointers to per-CPU memory are small and different too, and
        // aligned as these are not.
        devices.RemoveAll(offset => seen[offset].All(value => value % sizeof(uint) == 0)
            || seen[offset].Count(value => value >> MinorBits == 0) * 2 < all.Count || seen[offset].Min() > LowestMinor);
        if (devices.Count == 1)
        {
            state.Book.Add("super_block", "s_dev", devices[0], LayoutBook.UnsignedInt, all.Count,
                "the only number that is different in all super_blocks, of major 0 and a small minor in most");
        }
        else
        {
            state.Book.Refuse("super_block", "s_dev", $"{devices.Count} offsets hold a number that is different in all {all.Count} super_blocks");
        }
    }

    private static List<ulong>? ListOf(InferenceState state, ulong first, int offset, int sb, int root)
    {
        List<ulong> supers = [];
        bool head = false;
        ulong at = first + (ulong)offset;
        do
        {
            if (state.Kernel.Text.Contains(new(at)))
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
                ulong top = state.Read(super, root);
                if (supers.Count == MaxSupers || (top != 0 && state.Read(top, sb) != super))
                {
                    return null;
                }

                supers.Add(super);
            }

            ulong next = state.Memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || state.Memory.WordOrZero(next + 8) != at)
            {
                return null;
            }

            at = next;
        }
        while (at != first + (ulong)offset);
        return head ? supers : null;
    }

    // Each super_block's list of inodes ends in the super_block itself; every inode on it leads back to it.
    private static void Numbers(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        int sb = state.At("inode", "i_sb");
        List<ulong> known = [.. state.Entries.Select(entry => InodeOf(state, entry)).Distinct()];
        List<(int List, int Head, List<ulong> Inodes)> found = [];
        foreach (int offset in FieldSearch.Words(memory, known, MaxInodeBytes, (_, value, _) => KernelBytes.LooksLikePointer(value)))
        {
            // Some file systems of the kernel's own keep no list: their inodes lead to themselves.
            Dictionary<ulong, ulong> firsts = [];
            foreach (ulong inode in known.Where(inode => state.Read(inode, offset) != inode + (ulong)offset))
            {
                firsts.TryAdd(state.Read(inode, sb), inode);
            }

            int head = -1;
            List<ulong> inodes = [];
            if (firsts.Count > 1 && firsts.All(pair => Collect(state, pair.Key, pair.Value, offset, sb, ref head, inodes)))
            {
                found.Add((offset, head, inodes));
            }
        }

        if (found.Count != 1)
        {
            state.Book.Refuse("inode", "i_ino", $"{found.Count} lists lead from an inode through others of its file system to the super_block");
            return;
        }

        (int list, int listHead, List<ulong> all) = found[0];
        const string Invariant = "a circular list through the super_block, on which every inode leads back to it";
        state.Book.Add("inode", "i_sb_list", list, state.Book.Struct("list_head"), all.Count, Invariant);
        state.Book.Add("super_block", "s_inodes", listHead, state.Book.Struct("list_head"), all.Count, Invariant);

        // Roots have small numbers, which tells them from the fractions of seconds that are different too. Some file systems give a number twice, or none.
        int root = state.At("super_block", "s_root");
        int inodeOf = state.At("dentry", "d_inode");
        List<ulong> roots = [.. state.Supers.Select(super => state.Read(state.Read(super, root), inodeOf)).Where(inode => inode != 0)];
        List<int> numbers = FieldSearch.Words(memory, all, FieldSearch.LeastDistance(all, MaxInodeBytes),
            (_, value, _) => !KernelBytes.LooksLikePointer(value));
        numbers.RemoveAll(offset => roots.Count(inode => state.Read(inode, offset) is > 0 and <= SmallNumber) * 4 < roots.Count * 3);
        numbers.RemoveAll(offset =>
            all.Select(inode => (state.Read(inode, sb), state.Read(inode, offset))).Distinct().Count() * Most.Of < all.Count * Most.Are);
        if (numbers.Count == 1 && all.Count >= FewestInodes && roots.Count >= FewestSupers)
        {
            state.Book.Add("inode", "i_ino", numbers[0], LayoutBook.UnsignedLong, all.Count,
                "different in 19 of 20 inodes of a file system and more, and small in three of four of their roots");
        }
        else
        {
            state.Book.Refuse("inode", "i_ino", $"{numbers.Count} offsets hold a number that is different in the {all.Count} inodes of each file system");
        }
    }

    private static bool Collect(InferenceState state, ulong super, ulong first, int offset, int sb, ref int head, List<ulong> inodes)
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
                if (state.Read(inode, sb) != super)
                {
                    return false;
                }

                if (inodes.Count == InodeSample)
                {
                    return true;
                }

                inodes.Add(inode);
            }

            ulong next = state.Memory.WordOrZero(at);
            if (!KernelBytes.LooksLikePointer(next) || state.Memory.WordOrZero(next + 8) != at)
            {
                return false;
            }

            at = next;
        }
        while (at != first + (ulong)offset);
        return through;
    }
}
