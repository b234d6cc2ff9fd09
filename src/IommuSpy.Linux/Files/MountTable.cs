using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>
/// What is mounted in a task's namespace of mounts (fs/mount.h, struct mnt_namespace): a list of mounts before 6.8, a tree by their numbers since.
/// </summary>
/// <param name="Mounts">The mounts, in the kernel's order, which is that of /proc/mounts.</param>
/// <param name="Damage">Why some may be missing; null where none are.</param>
public sealed record MountTable(IReadOnlyList<Mount> Mounts, string? Damage)
{
    private const ulong ReadOnlyMount = 0x40;
    private const ulong ReadOnlyFileSystem = 1;

    /// <summary>Reads what a task sees.</summary>
    /// <exception cref="MissingTypeException">Nothing describes mounts, or the task has no namespace of them.</exception>
    public static MountTable Of(KernelObjects objects, KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(objects);
        ArgumentNullException.ThrowIfNull(task);
        KernelTypes types = objects.Types;
        VirtualAddress space = objects.Pointer(task.Address, types.Struct("task_struct").Field("nsproxy")) is VirtualAddress proxy
            && objects.Pointer(proxy, types.Struct("nsproxy").Field("mnt_ns")) is VirtualAddress its
                ? its
                : throw new MissingTypeException($"{task} has no namespace of mounts: it has ended, or is a thread that needs none");
        StructType mount = types.Struct("mount");
        StructType names = types.Struct("mnt_namespace");
        (IReadOnlyList<VirtualAddress> found, string? damage) = names.Find("list") is Field list
            ? Linked(KernelList.Read(objects, space + list.Offset, mount.Field("mnt_list").Offset))
            : Sorted(RedBlackTree.Read(objects, space + names.Field("mounts").Offset, mount.Field("mnt_node").Offset));
        Reader reader = new(objects, mount);

        // A cursor of someone who reads /proc/mounts at this moment is in the list, too (MNT_CURSOR, 5.8 to 6.7): it has no file system.
        return new([.. found.Select(reader.Read).OfType<Mount>()], damage);
    }

    private static (IReadOnlyList<VirtualAddress>, string?) Linked(KernelList list) => (list.Elements, list.Damage);

    private static (IReadOnlyList<VirtualAddress>, string?) Sorted(RedBlackTree tree) => (tree.Elements, tree.Damage);

    private sealed class Reader(KernelObjects objects, StructType mount)
    {
        private readonly FileReader _files = new(objects);
        private readonly Field _inside = mount.Field("mnt");
        private readonly Field? _id = mount.Find("mnt_id");
        private readonly Field? _parent = mount.Find("mnt_parent");
        private readonly Field? _source = mount.Find("mnt_devname");
        private readonly Field? _super = objects.Types.FindField("vfsmount", "mnt_sb");
        private readonly Field? _root = objects.Types.FindField("vfsmount", "mnt_root");
        private readonly Field? _flags = objects.Types.FindField("vfsmount", "mnt_flags");
        private readonly Field? _type = objects.Types.FindField("super_block", "s_type");
        private readonly Field? _subtype = objects.Types.FindField("super_block", "s_subtype");
        private readonly Field? _device = objects.Types.FindField("super_block", "s_dev");
        private readonly Field? _superFlags = objects.Types.FindField("super_block", "s_flags");
        private readonly Field? _name = objects.Types.FindField("file_system_type", "name");

        public Mount? Read(VirtualAddress at)
        {
            VirtualAddress inside = at + _inside.Offset;
            if (objects.Pointer(inside, _super) is not VirtualAddress super || objects.Pointer(inside, _root) is not VirtualAddress root)
            {
                return null;
            }

            ulong? flags = objects.Read(inside, _flags);
            string? type = objects.Pointer(super, _type) is VirtualAddress kind && objects.Pointer(kind, _name) is VirtualAddress name
                ? objects.Text(name) : null;
            string? subtype = objects.Pointer(super, _subtype) is VirtualAddress sub ? objects.Text(sub) : null;
            return new(
                at,
                (int?)objects.Read(at, _id),
                objects.Pointer(at, _parent) is VirtualAddress parent ? (int?)objects.Read(parent, _id) : null,
                objects.Pointer(at, _source) is VirtualAddress source ? objects.Text(source) : null,
                _files.Path(root, inside),
                _files.PathWithin(root),
                subtype is { Length: > 0 } ? $"{type}.{subtype}" : type,
                (uint?)objects.Read(super, _device),
                (flags & ReadOnlyMount) != 0 && flags is not null || (objects.Read(super, _superFlags) & ReadOnlyFileSystem) == ReadOnlyFileSystem,
                flags);
        }
    }
}
