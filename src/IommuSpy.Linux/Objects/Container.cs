using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Objects;

/// <summary>What a container of the kernel's holds, whatever its kind: its type tells how it is followed.</summary>
/// <param name="Elements">Where the structures in it are, in its order.</param>
/// <param name="Damage">Where and why it could not be followed everywhere, a line each; empty for a whole one.</param>
public sealed record Container(IReadOnlyList<VirtualAddress> Elements, IReadOnlyList<string> Damage)
{
    /// <summary>The types of containers, for people.</summary>
    public const string Kinds = "list_head, hlist_head, rb_root, rb_root_cached, xarray, radix_tree_root, idr, maple_tree";

    /// <summary>Whether the elements of a container of this type are found by a member of theirs; otherwise it points at them. Null for no container.</summary>
    public static bool? LinksMembers(KernelType type) => (type.Resolved as StructType)?.Name switch
    {
        "list_head" or "hlist_head" or "rb_root" or "rb_root_cached" => true,
        "xarray" or "radix_tree_root" or "idr" or "maple_tree" => false,
        _ => null,
    };

    /// <summary>Follows a container.</summary>
    /// <param name="objects">Reads the kernel's memory.</param>
    /// <param name="type">The container's type, of which <see cref="LinksMembers"/> is not null.</param>
    /// <param name="at">Where it is.</param>
    /// <param name="memberOffset">Bytes from an element's start to the member that links it; 0 for a container that points at its elements.</param>
    /// <exception cref="MissingTypeException">Nothing describes its nodes.</exception>
    public static Container Read(KernelObjects objects, KernelType type, VirtualAddress at, ulong memberOffset)
    {
        switch ((type.Resolved as StructType)?.Name)
        {
            case "list_head":
                KernelList list = KernelList.Read(objects, at, memberOffset);
                return Of(list.Elements, list.Damage);
            case "hlist_head":
                HashList bucket = HashList.Read(objects, at, memberOffset);
                return Of(bucket.Elements, bucket.Damage);

            // An rb_root_cached begins with an rb_root, an idr with its array.
            case "rb_root" or "rb_root_cached":
                RedBlackTree tree = RedBlackTree.Read(objects, at, memberOffset);
                return Of(tree.Elements, tree.Damage);
            case "xarray" or "radix_tree_root" or "idr":
                XArray array = XArray.Read(objects, at);
                return Of([.. array.Entries.Select(entry => new VirtualAddress(entry.Value))], array.Damage);
            case "maple_tree":
                Field root = objects.Types.Struct("maple_tree").Field("ma_root");
                (IReadOnlyList<MapleEntry> entries, IReadOnlyList<string> damage) = objects.Read(at, root) is ulong first
                    ? MapleTree.Read(objects, at, first) : ([], [$"its root at {at} cannot be read"]);
                return new([.. entries.Select(entry => new VirtualAddress(entry.Value))], damage);
            default:
                throw new ArgumentException($"{type} is no container", nameof(type));
        }
    }

    private static Container Of(IReadOnlyList<VirtualAddress> elements, string? damage) => new(elements, damage is null ? [] : [damage]);
}
