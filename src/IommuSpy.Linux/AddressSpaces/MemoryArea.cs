using IommuSpy.Linux.Files;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>A run of a process's addresses that is mapped alike: a VMA (include/linux/mm_types.h, struct vm_area_struct). Null is a stated absence.</summary>
/// <param name="Address">Where its vm_area_struct is; 0 where /proc told of it.</param>
/// <param name="Start">First address.</param>
/// <param name="End">The address after its last.</param>
/// <param name="Flags">See <see cref="AreaFlags"/>; null where nothing describes them.</param>
/// <param name="Offset">Of a mapped file, where in it the area begins, in bytes; 0 for others.</param>
/// <param name="File">The file that is mapped; null for none.</param>
/// <param name="Name">As /proc/PID/maps names it: the file's path, or "[heap]"; null for what has no name, and for what cannot be read.</param>
public sealed record MemoryArea(VirtualAddress Address, VirtualAddress Start, VirtualAddress End, ulong? Flags, ulong Offset, KernelFile? File, string? Name)
{
    /// <summary>As /proc/PID/maps prints them: "rw-p"; null where nothing describes them.</summary>
    public string? Rights => Flags is ulong flags ? AreaFlags.Letters(flags) : null;

    /// <summary>Whether pages of hugetlbfs are mapped; also false where nothing describes the flags.</summary>
    public bool IsHugetlb => Has(AreaFlags.HugePages);

    /// <summary>Whether it maps what is no memory of the kernel's, as a rule a device's registers; also false where nothing describes the flags.</summary>
    public bool IsDevice => Has(AreaFlags.FrameMap | AreaFlags.DeviceRegisters);

    /// <summary>What the area lets its process do at most; its page tables may let less through until it is touched. Null where nothing describes it.</summary>
    public AccessRights? Access => Flags is null ? null
        : (Has(AreaFlags.Read) ? AccessRights.Read : AccessRights.None)
        | (Has(AreaFlags.Write) ? AccessRights.Write : AccessRights.None)
        | (Has(AreaFlags.Execute) ? AccessRights.Execute : AccessRights.None);

    /// <summary>Length of the area, in bytes.</summary>
    public ulong Length => End - Start;

    /// <summary>Whether the area lets its process do all of this; what nothing describes it does not.</summary>
    public bool Allows(AccessRights wanted) => wanted == AccessRights.None || (Access is AccessRights its && (its & wanted) == wanted);

    /// <summary>Whether it has a flag; also false where nothing describes them.</summary>
    internal bool Has(ulong flag) => Flags is ulong flags && (flags & flag) != 0;

    /// <summary>Whether the area holds an address.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;
}
