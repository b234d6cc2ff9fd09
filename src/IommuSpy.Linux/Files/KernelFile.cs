using IommuSpy.Memory;

namespace IommuSpy.Linux.Files;

/// <summary>A file in the kernel: open, or mapped. Null is a stated absence.</summary>
/// <param name="Address">Where its struct file is.</param>
/// <param name="Path">Its path, through mounts, from the root of its mount namespace, as /proc shows it to someone outside: " (deleted)" at the end where it
/// has no name any more.</param>
/// <param name="Inode">The number of its inode.</param>
/// <param name="Device">The device of its file system: major number in bits 20-31, minor in bits 0-19.</param>
public sealed record KernelFile(VirtualAddress Address, string? Path, ulong? Inode, uint? Device)
{
    private const int MinorBits = 20;

    /// <summary>As /proc/PID/maps prints the device: "103:01"; null where it is not known.</summary>
    public string? DeviceText => TextOf(Device);

    internal static string? TextOf(uint? device) => device is uint number ? $"{number >> MinorBits:x2}:{number & ((1 << MinorBits) - 1):x2}" : null;
}
