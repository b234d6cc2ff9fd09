using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>A file system that is mounted somewhere. Null is a stated absence.</summary>
/// <param name="Address">Where its struct mount is.</param>
/// <param name="Id">Its number, as mountinfo has it.</param>
/// <param name="ParentId">That of the mount that it is mounted on; its own for the topmost.</param>
/// <param name="Source">What is mounted: "/dev/nvme2n1", "proc".</param>
/// <param name="Point">Where, from the root of its namespace.</param>
/// <param name="Root">Which directory of the file system: "/" unless a part of it is mounted.</param>
/// <param name="Type">The file system: "ext4".</param>
/// <param name="Device">The device: major number in bits 20-31, minor in bits 0-19.</param>
/// <param name="IsReadOnly">Whether the mount, or the file system itself, may not be written.</param>
/// <param name="Flags">The mount's flags: MNT_NOSUID and so on.</param>
public sealed record Mount(
    VirtualAddress Address, int? Id, int? ParentId, string? Source, string? Point, string? Root, string? Type, uint? Device, bool IsReadOnly, ulong? Flags)
{
    // include/linux/mount.h; MNT_NODIRATIME before MNT_RELATIME, as /proc prints them (fs/proc_namespace.c).
    private static readonly (ulong Bit, string Name)[] Names =
        [(0x01, "nosuid"), (0x02, "nodev"), (0x04, "noexec"), (0x08, "noatime"), (0x10, "nodiratime"), (0x20, "relatime"), (0x100, "nosymfollow")];

    /// <summary>"ro" or "rw", then how it is mounted, as /proc/mounts begins.</summary>
    public IReadOnlyList<string> Options =>
        [IsReadOnly ? "ro" : "rw", .. Names.Where(flag => ((Flags ?? 0) & flag.Bit) != 0).Select(flag => flag.Name)];

    /// <summary>As /proc/PID/maps prints the device: "103:01"; null where it is not known.</summary>
    public string? DeviceText => KernelFile.TextOf(Device);
}
