using IommuSpy.Linux.Files;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>A run of a process's addresses that is mapped alike: a VMA (include/linux/mm_types.h, struct vm_area_struct). Null is a stated absence.</summary>
/// <param name="Address">Where its vm_area_struct is; 0 where /proc told of it.</param>
/// <param name="Start">First address.</param>
/// <param name="End">The address after its last.</param>
/// <param name="Flags">See <see cref="AreaFlags"/>.</param>
/// <param name="Offset">Of a mapped file, where in it the area begins, in bytes; 0 for others.</param>
/// <param name="File">The file that is mapped; null for none.</param>
/// <param name="Name">As /proc/PID/maps names it: the file's path, or "[heap]"; null for what has no name, and for what cannot be read.</param>
public sealed record MemoryArea(VirtualAddress Address, VirtualAddress Start, VirtualAddress End, ulong Flags, ulong Offset, KernelFile? File, string? Name)
{
    /// <summary>As /proc/PID/maps prints them: "rw-p".</summary>
    public string Rights => AreaFlags.Letters(Flags);

    /// <summary>What the area lets its process do at most; its page tables may let less through until it is touched.</summary>
    public AccessRights Access =>
        ((Flags & AreaFlags.Read) != 0 ? AccessRights.Read : AccessRights.None)
        | ((Flags & AreaFlags.Write) != 0 ? AccessRights.Write : AccessRights.None)
        | ((Flags & AreaFlags.Execute) != 0 ? AccessRights.Execute : AccessRights.None);

    /// <summary>Length of the area, in bytes.</summary>
    public ulong Length => End - Start;

    /// <summary>Whether the area holds an address.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;
}
