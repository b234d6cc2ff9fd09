namespace IommuSpy.Linux.Inference.Files;

/// <summary>
/// path.mnt, vfsmount and mount: each file's mount has the super_block of the file's entry, and a root that is an entry of it. Mounts lie inside a structure
/// that names the mount above and the entry it is mounted on; following them leads to a mount that is above itself.
/// </summary>
internal sealed class MountStep : InferenceStep<MappedFiles, SuperBlocks, FieldsOnly>
{
    private const int MaxMountBytes = 128;
    private const int MaxDepth = 64;

    /// <inheritdoc/>
    public override string Subject => "the mounts of file systems";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["mount.mnt", "mount.mnt_parent", "mount.mnt_mountpoint"];

    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, MappedFiles files, SuperBlocks of)
    {
        int path = files.PathAt;
        int entryOf = files.EntryAt;
        int sb = of.OfEntryAt;
        Dictionary<ulong, ulong> supers = [];
        bool agrees = files.All.TrueForAll(file =>
        {
            ulong super = context.Read(context.Read(file, entryOf), sb);
            return context.Memory.IsDirect(context.Read(file, path))
                && (supers.TryAdd(context.Read(file, path), super) || supers[context.Read(file, path)] == super);
        });
        List<ulong> mounts = [.. supers.Keys];
        List<int> bySuper = agrees ? FieldSearch.Words(context.Memory, mounts, MaxMountBytes, (mount, value, _) => value == supers[mount]) : [];
        List<int> byRoot = agrees ? FieldSearch.Words(context.Memory, mounts, MaxMountBytes, (mount, value, _) =>
            context.Memory.IsDirect(value) && value != supers[mount] && context.Read(value, sb) == supers[mount]
                && files.InodeOf(context, value) != 0) : [];
        if (bySuper.Count == 0 || byRoot.Count == 0)
        {
            return Part.Absent("the words before the directory entries of files lead to no mounts of the same file systems");
        }

        // Both stand at the start, side by side, since 2.4; another such word is in the neighbouring mount.
        (int Root, int Super)[] pairs = [.. byRoot.Where(root => bySuper.Contains(root + sizeof(ulong))).Select(root => (root, root + sizeof(ulong)))];
        if (pairs.Length == 0)
        {
            return Part.Absent("root and super_block of mounts do not stand side by side");
        }

        (int rootAt, int superAt) = pairs[0];
        (int Inside, int Parent, int Point)[] found = [.. Holders(context, files, sb, mounts, rootAt, superAt)];
        LayoutBook book = context.Book;
        book.Declare("path", "mnt", 0, book.PointerTo("vfsmount"));
        const string Invariant = "the super_block of the entry of every file on the mount, and an entry of it as its root";
        book.Add("vfsmount", "mnt_root", rootAt, book.PointerTo("dentry"), mounts.Count, Invariant);
        book.Add("vfsmount", "mnt_sb", superAt, book.PointerTo("super_block"), mounts.Count, Invariant);
        if (found.Length != 1)
        {
            return Part.Absent($"{found.Length} ways lead from mount to mount to one that is above itself");
        }

        const string Above = "leads from every mount to one that is above itself, over entries of the file system that is mounted there";
        book.Add("mount", "mnt", found[0].Inside, book.Struct("vfsmount"), mounts.Count, Above);
        book.Add("mount", "mnt_parent", found[0].Parent, book.PointerTo("mount"), mounts.Count, Above);
        book.Add("mount", "mnt_mountpoint", found[0].Point, book.PointerTo("dentry"), mounts.Count, Above);
        return FieldsOnly.Done;
    }

    // A holder's parent is a holder: the pointer to it, moved by where the mount lies inside, is a mount.
    private static IEnumerable<(int Inside, int Parent, int Point)> Holders(InferenceContext context, MappedFiles files, int sb, List<ulong> mounts, int root,
        int super)
    {
        for (int inside = sizeof(ulong); inside <= MaxMountBytes; inside += sizeof(ulong))
        {
            for (int parent = 0; parent < inside; parent += sizeof(ulong))
            {
                if (!mounts.TrueForAll(mount => Top(context, files, sb, mount, inside, parent, root, super) is not null))
                {
                    continue;
                }

                for (int point = 0; point < inside; point += sizeof(ulong))
                {
                    if (point != parent && mounts.TrueForAll(mount => PointsFit(context, files, sb, mount, inside, parent, point, root, super)))
                    {
                        yield return (inside, parent, point);
                    }
                }
            }
        }
    }

    private static bool IsMount(InferenceContext context, MappedFiles files, int sb, ulong mount, int root, int super) =>
        context.Memory.IsDirect(context.Read(mount, super)) && context.Memory.IsDirect(context.Read(mount, root))
        && context.Read(context.Read(mount, root), sb) == context.Read(mount, super);

    private static ulong? Top(InferenceContext context, MappedFiles files, int sb, ulong mount, int inside, int parent, int root, int super)
    {
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            ulong holder = mount - (ulong)inside;
            ulong above = context.Read(holder, parent);
            if (above == holder)
            {
                return mount;
            }

            mount = above + (ulong)inside;
            if (!context.Memory.IsDirect(above) || !IsMount(context, files, sb, mount, root, super))
            {
                return null;
            }
        }

        return null;
    }

    // What a mount is mounted on is an entry of the file system of the mount above it; the mount that is above itself is on its own root (fs/namespace.c). An
    // empty list in the mount before also leads to itself, and not to that.
    private static bool PointsFit(InferenceContext context, MappedFiles files, int sb, ulong mount, int inside, int parent, int point, int root, int super)
    {
        ulong holder = mount - (ulong)inside;
        ulong on = context.Read(holder, point);
        ulong above = context.Read(holder, parent) + (ulong)inside;
        return (above != mount || on == context.Read(mount, root)) && context.Memory.IsDirect(on)
            && context.Read(on, sb) == context.Read(above, super) && context.Read(on, files.ParentAt) != 0;
    }
}
