using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>The file whose contents a page of the page cache holds. Null is a stated absence.</summary>
/// <param name="Mapping">Where its address_space is.</param>
/// <param name="InodeObject">Where its inode is; null for the swap cache's, which has none.</param>
/// <param name="Inode">The inode's number.</param>
/// <param name="Bytes">The file's size.</param>
/// <param name="FileSystem">The type of its file system: "ext4", "tmpfs", "bdev" for a device's own blocks.</param>
/// <param name="SuperBlock">Which file system of that type: the name of its device, mostly.</param>
/// <param name="Path">Its path from the root of its file system, by one of its names; null for one without a name in memory.</param>
public sealed record PageFile(
    VirtualAddress Mapping, VirtualAddress? InodeObject, ulong? Inode, ulong? Bytes, string? FileSystem, string? SuperBlock, string? Path)
{
    /// <summary>"/usr/bin/busybox of ext4 nvme0n1p1", "inode 23 of tmpfs".</summary>
    public override string ToString()
    {
        string name = Path ?? (Inode is ulong number ? $"inode {number}" : $"address_space {Mapping}");
        string device = SuperBlock is { Length: > 0 } its && its != FileSystem ? $" {its}" : "";
        return FileSystem is null ? name : $"{name} of {FileSystem}{device}";
    }
}
