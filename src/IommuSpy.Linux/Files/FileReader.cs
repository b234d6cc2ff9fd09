using IommuSpy.Linux.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>Reads files, and their paths through directories and mounts (fs/d_path.c). Not safe to share between threads.</summary>
public sealed class FileReader
{
    // The kernel's own paths are shorter than a page, so have fewer parts; mounts upon mounts too. An image can have a path so long for each of millions of
    // files: each part counts as work, and as more of it where its name is long.
    private const int MaxSteps = 4096;
    private const int MaxNameBytes = 1024;
    private const int NameBytesOfStep = 64;

    // A program and its libraries are mapped by many; an image can count millions of files.
    private const int MostKnown = 1 << 17;

    // FMODE_BACKING, bit 25 since 6.5 and bit 24 since 6.14; each has meant something else too.
    private const ulong MayBeBacking = (1 << 25) | (1 << 24);
    private const string Deleted = " (deleted)";

    private readonly KernelObjects _objects;
    private readonly FileFields _fields;
    private readonly PseudoPath _pseudo;
    private readonly Dictionary<VirtualAddress, KernelFile> _known = [];

    /// <summary>Reads a kernel's files.</summary>
    public FileReader(KernelObjects objects)
    {
        _objects = objects;
        _fields = new(objects.Types);
        _pseudo = new(objects, _fields);
    }

    /// <summary>A file by its struct file.</summary>
    public KernelFile Read(VirtualAddress file)
    {
        if (_known.TryGetValue(file, out KernelFile? known))
        {
            return known;
        }

        VirtualAddress? dentry = _objects.Pointer(file, _fields.Dentry);
        VirtualAddress? mount = _objects.Pointer(file, _fields.Mount);
        VirtualAddress? inode = _objects.Pointer(file, _fields.Inode) ?? Inode(dentry);
        if (BackingPath(file) is (VirtualAddress userDentry, VirtualAddress userMount))
        {
            (dentry, mount, inode) = (userDentry, userMount, Inode(userDentry));
        }

        string? path = dentry is not null && mount is not null ? Path(dentry.Value, mount.Value) : null;
        ulong? device = inode is not null && _objects.Pointer(inode.Value, _fields.InodeSuperBlock) is VirtualAddress super
            ? _objects.Read(super, _fields.Device) : null;
        if (_known.Count >= MostKnown)
        {
            _known.Clear();
        }

        return _known[file] = new(file, path, inode is null ? null : _objects.Read(inode.Value, _fields.InodeNumber), (uint?)device);
    }

    // What a stacked file system shows of the file that it keeps elsewhere: believed where the entry and the mount that follow the file are of one file system.
    private (VirtualAddress Dentry, VirtualAddress Mount)? BackingPath(VirtualAddress file) =>
        _fields.UserDentry is not null && _objects.Read(file, _fields.Mode) is ulong mode && (mode & MayBeBacking) != 0
        && _objects.Pointer(file, _fields.UserDentry) is VirtualAddress dentry && _objects.Pointer(file, _fields.UserMount) is VirtualAddress mount
        && Inode(dentry) is VirtualAddress inode && _objects.Pointer(inode, _fields.InodeSuperBlock) is VirtualAddress super
            && _objects.Pointer(mount, _fields.MountSuperBlock) == super
            ? (dentry, mount)
            : null;

    private VirtualAddress? Inode(VirtualAddress? dentry) => dentry is null ? null : _objects.Pointer(dentry.Value, _fields.DentryInode);

    /// <summary>The path of a directory entry from the root of its file system; null where a part of it cannot be read.</summary>
    internal string? PathWithin(VirtualAddress dentry)
    {
        WorkAllowance allowance = PathAllowance();
        string? path = PathWithin(dentry, ref allowance);
        allowance.Finish();
        return path;
    }

    private string? PathWithin(VirtualAddress dentry, ref WorkAllowance allowance)
    {
        List<string> parts = [];
        while (allowance.TryUse())
        {
            if (_objects.Pointer(dentry, _fields.Parent) is not VirtualAddress above)
            {
                return null;
            }

            if (above == dentry)
            {
                return Join(parts, deleted: false);
            }

            if (Name(dentry, ref allowance) is not string name)
            {
                return null;
            }

            parts.Add(name);
            dentry = above;
        }

        return null;
    }

    /// <summary>The path of a directory entry in a mount; null where a part of it cannot be read.</summary>
    internal string? Path(VirtualAddress dentry, VirtualAddress mount)
    {
        WorkAllowance allowance = PathAllowance();
        string? path = Path(dentry, mount, ref allowance);
        allowance.Finish();
        return path;
    }

    private string? Path(VirtualAddress dentry, VirtualAddress mount, ref WorkAllowance allowance)
    {
        VirtualAddress? root = _objects.Pointer(mount, _fields.MountRoot);
        bool isTop = _objects.Pointer(dentry, _fields.Parent) == dentry;
        if (!isTop || dentry != root)
        {
            if (_pseudo.Of(dentry) is string made)
            {
                return made;
            }

            if (isTop)
            {
                // On no mount: what has a name of the kernel's making only.
                return Name(dentry, ref allowance) is string name ? $"/{name}{Deleted}" : null;
            }
        }

        bool deleted = !isTop && _fields.HashLink is { } link && _objects.Read(dentry, link) == 0;
        List<string> parts = [];
        VirtualAddress at = dentry;
        while (allowance.TryUse())
        {
            if (at == root)
            {
                if (_fields.MountInside is not { } inside)
                {
                    return null;
                }

                VirtualAddress holder = new(mount.Value - inside.Offset);
                if (_objects.Pointer(holder, _fields.MountParent) is not VirtualAddress parent
                    || _objects.Pointer(holder, _fields.MountPoint) is not VirtualAddress point)
                {
                    return null;
                }

                if (parent == holder)
                {
                    return Join(parts, deleted);
                }

                at = point;
                mount = parent + inside.Offset;
                root = _objects.Pointer(mount, _fields.MountRoot);
                continue;
            }

            if (_objects.Pointer(at, _fields.Parent) is not VirtualAddress above || Name(at, ref allowance) is not string name)
            {
                return null;
            }

            if (above == at)
            {
                // Outside of what is mounted, through a bind mount that was moved away: the kernel stops here too.
                return Join(parts, deleted);
            }

            parts.Add(name);
            at = above;
        }

        return null;
    }

    private static string Join(List<string> parts, bool deleted)
    {
        parts.Reverse();
        return $"/{string.Join('/', parts)}{(deleted ? Deleted : "")}";
    }

    private WorkAllowance PathAllowance() => new(_objects.Kernel.Memory.Budget, Work.Steps, MaxSteps);

    private string? Name(VirtualAddress dentry, ref WorkAllowance allowance)
    {
        if (_objects.Pointer(dentry, _fields.Name) is not VirtualAddress text
            || _objects.Read(dentry, _fields.NameLength) is not (ulong length and <= MaxNameBytes)
            || !allowance.TryUse((long)length / NameBytesOfStep))
        {
            return null;
        }

        return length == 0 ? "" : _objects.Text(text, (int)length);
    }
}
