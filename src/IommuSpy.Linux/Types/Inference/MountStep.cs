namespace IommuSpy.Linux.Types.Inference;

/// <summary>
/// path.mnt, vfsmount and mount: each file's mount has the super_block of the file's entry, and a root that is an entry of it. Mounts lie inside a structure
/// that names the mount above and the entry it is mounted on; following them leads to a mount that is above itself.
/// </summary>
internal static class MountStep
{
    private const int MaxMountBytes = 128;
    private const int MaxDepth = 64;

    public static void Run(InferenceState state)
    {
        if (state.Files.Count == 0 || !state.Has("dentry", "d_sb") || !state.Has("super_block", "s_root"))
        {
            return;
        }

        int path = state.At("file", "f_path");
        int entryOf = path + sizeof(ulong);
        int sb = state.At("dentry", "d_sb");
        Dictionary<ulong, ulong> supers = [];
        bool agrees = state.Files.TrueForAll(file =>
        {
            ulong super = state.Read(state.Read(file, entryOf), sb);
            return state.Memory.IsDirect(state.Read(file, path)) && (supers.TryAdd(state.Read(file, path), super) || supers[state.Read(file, path)] == super);
        });
        List<ulong> mounts = [.. supers.Keys];
        List<int> bySuper = agrees ? FieldSearch.Words(state.Memory, mounts, MaxMountBytes, (mount, value, _) => value == supers[mount]) : [];
        List<int> byRoot = agrees ? FieldSearch.Words(state.Memory, mounts, MaxMountBytes, (mount, value, _) =>
            state.Memory.IsDirect(value) && value != supers[mount] && state.Read(value, sb) == supers[mount]
                && state.Read(value, state.At("dentry", "d_inode")) != 0) : [];
        if (bySuper.Count == 0 || byRoot.Count == 0)
        {
            Refuse(state, "the words before the directory entries of files lead to no mounts of the same file systems");
            return;
        }

        // Both stand at the start, side by side, since 2.4; another such word is in the neighbouring mount.
        (int Root, int Super)[] pairs = [.. byRoot.Where(root => bySuper.Contains(root + sizeof(ulong))).Select(root => (root, root + sizeof(ulong)))];
        if (pairs.Length == 0)
        {
            Refuse(state, "root and super_block of mounts do not stand side by side");
            return;
        }

        (int rootAt, int superAt) = pairs[0];
        (int Inside, int Parent, int Point)[] found = [.. Holders(state, mounts, rootAt, superAt)];
        LayoutBook book = state.Book;
        book.Declare("path", "mnt", 0, book.PointerTo("vfsmount"));
        const string Invariant = "the super_block of the entry of every file on the mount, and an entry of it as its root";
        book.Add("vfsmount", "mnt_root", rootAt, book.PointerTo("dentry"), mounts.Count, Invariant);
        book.Add("vfsmount", "mnt_sb", superAt, book.PointerTo("super_block"), mounts.Count, Invariant);
        if (found.Length != 1)
        {
            Refuse(state, $"{found.Length} ways lead from mount to mount to one that is above itself");
            return;
        }

        const string Above = "leads from every mount to one that is above itself, over entries of the file system that is mounted there";
        book.Add("mount", "mnt", found[0].Inside, book.Struct("vfsmount"), mounts.Count, Above);
        book.Add("mount", "mnt_parent", found[0].Parent, book.PointerTo("mount"), mounts.Count, Above);
        book.Add("mount", "mnt_mountpoint", found[0].Point, book.PointerTo("dentry"), mounts.Count, Above);
    }

    private static void Refuse(InferenceState state, string reason)
    {
        foreach (string name in new[] { "mnt", "mnt_parent", "mnt_mountpoint" })
        {
            state.Book.Refuse("mount", name, reason);
        }
    }

    // A holder's parent is a holder: the pointer to it, moved by where the mount lies inside, is a mount.
    private static IEnumerable<(int Inside, int Parent, int Point)> Holders(InferenceState state, List<ulong> mounts, int root, int super)
    {
        for (int inside = sizeof(ulong); inside <= MaxMountBytes; inside += sizeof(ulong))
        {
            for (int parent = 0; parent < inside; parent += sizeof(ulong))
            {
                if (!mounts.TrueForAll(mount => Top(state, mount, inside, parent, root, super) is not null))
                {
                    continue;
                }

                for (int point = 0; point < inside; point += sizeof(ulong))
                {
                    if (point != parent && mounts.TrueForAll(mount => PointsFit(state, mount, inside, parent, point, root, super)))
                    {
                        yield return (inside, parent, point);
                    }
                }
            }
        }
    }

    private static bool IsMount(InferenceState state, ulong mount, int root, int super) =>
        state.Memory.IsDirect(state.Read(mount, super)) && state.Memory.IsDirect(state.Read(mount, root))
        && state.Read(state.Read(mount, root), state.At("dentry", "d_sb")) == state.Read(mount, super);

    private static ulong? Top(InferenceState state, ulong mount, int inside, int parent, int root, int super)
    {
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            ulong holder = mount - (ulong)inside;
            ulong above = state.Read(holder, parent);
            if (above == holder)
            {
                return mount;
            }

            mount = above + (ulong)inside;
            if (!state.Memory.IsDirect(above) || !IsMount(state, mount, root, super))
            {
                return null;
            }
        }

        return null;
    }

    // What a mount is mounted on is an entry of the file system of the mount above it; the mount that is above itself is on its own root (fs/namespace.c). An
    // empty list in the mount before also leads to itself, and not to that.
    private static bool PointsFit(InferenceState state, ulong mount, int inside, int parent, int point, int root, int super)
    {
        ulong holder = mount - (ulong)inside;
        ulong on = state.Read(holder, point);
        ulong above = state.Read(holder, parent) + (ulong)inside;
        return (above != mount || on == state.Read(mount, root)) && state.Memory.IsDirect(on)
            && state.Read(on, state.At("dentry", "d_sb")) == state.Read(above, super) && state.Read(on, state.At("dentry", "d_parent")) != 0;
    }
}
