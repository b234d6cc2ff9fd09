using System.Text;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>
/// Finds a file by its path, through the directory entries that the kernel has in memory and through what is mounted, as a process would (fs/namei.c). What
/// the kernel has not looked up lately it has no entry of.
/// </summary>
public sealed class PathLookup
{
    // include/linux/namei.h, MAXSYMLINKS.
    private const int MostLinks = 40;
    private const int MostParts = 4096;
    private const int MostEntries = 1 << 20;
    private const int MostMountsOnOne = 64;
    private const int MaxNameBytes = 1024;
    private const uint KindMask = 0xf000;
    private const uint LinkKind = 0xa000;

    private readonly KernelObjects _objects;
    private readonly FileFields _fields;
    private readonly Field? _children;
    private readonly Field? _sibling;
    private readonly bool _isList;
    private readonly Field? _mode;
    private readonly Field? _link;
    private readonly ulong _inside;
    private readonly Dictionary<(VirtualAddress Mount, VirtualAddress Point), VirtualAddress> _mounts = [];
    private readonly Place _root;
    private int _links;

    private PathLookup(KernelObjects objects, KernelTask task)
    {
        KernelTypes types = objects.Types;
        _objects = objects;
        _fields = new(objects.Types);

        // A list until 6.8 (da549bdd15c2), a struct hlist_head since.
        _isList = types.FindField("dentry", "d_subdirs") is not null;
        StructType dentry = types.Struct("dentry");
        _children = dentry.Field("d_subdirs", "d_children");
        _sibling = dentry.Field("d_child", "d_sib");
        _mode = types.FindField("inode", "i_mode");
        _link = types.FindField("inode", "i_link");
        _inside = types.Struct("mount").Field("mnt").Offset;
        foreach (Mount mount in MountTable.Of(objects, task).Mounts)
        {
            if (objects.Pointer(mount.Address, _fields.MountParent) is VirtualAddress parent && parent != mount.Address
                && objects.Pointer(mount.Address, _fields.MountPoint) is VirtualAddress point)
            {
                _mounts[(parent, point)] = mount.Address;
            }
        }

        Field files = types.Struct("task_struct").Field("fs");
        StructType structure = types.Struct("fs_struct");
        _root = objects.Pointer(task.Address, files) is VirtualAddress its
            && objects.Pointer(its, structure.Field("root.dentry")) is VirtualAddress top
            && objects.Pointer(its, structure.Field("root.mnt")) is VirtualAddress on
                ? Down(new(top, new(on.Value - _inside)))
                : throw new MissingTypeException($"{task} has no root directory: it has ended, or is a thread that needs none");
    }

    private readonly record struct Place(VirtualAddress Dentry, VirtualAddress Mount);

    /// <summary>Finds a file.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="task">As which task sees it: its root directory, and its namespace of mounts.</param>
    /// <param name="path">The path from the task's root directory on.</param>
    /// <returns>Where its inode is, or why it was not found.</returns>
    /// <exception cref="MissingTypeException">Nothing describes directories, or the task has none.</exception>
    public static (VirtualAddress? Inode, string? Absence) Find(KernelObjects objects, KernelTask task, string path)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(path);
        PathLookup lookup = new(objects, task);
        Place at = lookup._root;
        return lookup.Walk(ref at, path) is string absence ? (null, absence)
            : lookup.Inode(at.Dentry) is VirtualAddress inode ? (inode, null)
            : (null, $"{path}: the kernel remembers that there is no such file");
    }

    private VirtualAddress? Inode(VirtualAddress dentry) => _objects.Pointer(dentry, _fields.DentryInode);

    // Goes on from a place; the sentence says why it could not.
    private string? Walk(ref Place at, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length > MostParts)
        {
            return $"{path}: it has more than {MostParts} parts";
        }

        for (int i = 0; i < parts.Length; i++)
        {
            string so = $"/{string.Join('/', parts.Take(i + 1))}";
            if (parts[i] == ".")
            {
                continue;
            }

            if (parts[i] == "..")
            {
                at = Up(at);
                continue;
            }

            (VirtualAddress? child, string? problem) = Child(at.Dentry, parts[i]);
            if (child is null)
            {
                return $"{so}: {problem ?? "the kernel has no entry of that name in memory: it does not exist, or nobody has looked it up lately"}";
            }

            Place found = Down(new(child.Value, at.Mount));
            if (Inode(found.Dentry) is not VirtualAddress inode)
            {
                return $"{so}: the kernel remembers that there is no such file";
            }

            if (_objects.Read(inode, _mode) is ulong mode && ((uint)mode & KindMask) == LinkKind)
            {
                if (++_links > MostLinks)
                {
                    return $"{so}: it leads through more than {MostLinks} symbolic links";
                }

                if (_objects.Pointer(inode, _link) is not VirtualAddress text || _objects.Text(text) is not { Length: > 0 } target)
                {
                    return $"{so}: it is a symbolic link, and where it leads is not in its inode";
                }

                found = target[0] == '/' ? _root : at;
                if (Walk(ref found, target) is string lost)
                {
                    return lost;
                }
            }

            at = found;
        }

        return null;
    }

    // What is mounted there, and on that.
    private Place Down(Place place)
    {
        for (int i = 0; i < MostMountsOnOne && _mounts.TryGetValue((place.Mount, place.Dentry), out VirtualAddress mount)
            && _objects.Pointer(mount + _inside, _fields.MountRoot) is VirtualAddress root; i++)
        {
            place = new(root, mount);
        }

        return place;
    }

    private Place Up(Place place)
    {
        for (int i = 0; i < MostMountsOnOne && place != _root && _objects.Pointer(place.Mount + _inside, _fields.MountRoot) == place.Dentry
            && _objects.Pointer(place.Mount, _fields.MountParent) is VirtualAddress parent && parent != place.Mount
            && _objects.Pointer(place.Mount, _fields.MountPoint) is VirtualAddress point; i++)
        {
            place = new(point, parent);
        }

        return place == _root || _objects.Pointer(place.Dentry, _fields.Parent) is not VirtualAddress above ? place : Down(new(above, place.Mount));
    }

    private (VirtualAddress? Entry, string? Problem) Child(VirtualAddress directory, string name)
    {
        VirtualAddress head = directory + _children!.Offset;
        (IReadOnlyList<VirtualAddress> entries, string? damage) = _isList
            ? KernelList.Read(_objects, head, _sibling!.Offset, MostEntries) is var list ? (list.Elements, list.Damage) : default
            : HashList.Read(_objects, head, _sibling!.Offset) is var bucket ? (bucket.Elements, bucket.Damage) : default;
        int bytes = Encoding.UTF8.GetByteCount(name);
        VirtualAddress? negative = null;
        foreach (VirtualAddress entry in entries)
        {
            // One that was deleted is in no hash list any more.
            if (_objects.Pointer(entry, _fields.Parent) == directory && _objects.Read(entry, _fields.NameLength) is ulong length && length == (ulong)bytes
                && length <= MaxNameBytes && _objects.Pointer(entry, _fields.Name) is VirtualAddress text && _objects.Text(text, bytes) == name
                && _objects.Read(entry, _fields.HashLink) is not 0UL)
            {
                if (Inode(entry) is not null)
                {
                    return (entry, null);
                }

                negative = entry;
            }
        }

        return (negative, damage is null ? null : $"its directory could not be read to its end: {damage}");
    }
}
