namespace IommuSpy.Linux.AddressSpaces;

/// <summary>Flags of a VMA (include/linux/mm.h, VM_*): those whose values are the same in every release that is served.</summary>
public static class AreaFlags
{
    /// <summary>VM_READ.</summary>
    public const ulong Read = 0x1;

    /// <summary>VM_WRITE.</summary>
    public const ulong Write = 0x2;

    /// <summary>VM_EXEC.</summary>
    public const ulong Execute = 0x4;

    /// <summary>VM_MAYSHARE: it was mapped with MAP_SHARED.</summary>
    public const ulong MayShare = 0x80;

    /// <summary>VM_GROWSDOWN: a stack.</summary>
    public const ulong GrowsDown = 0x100;

    /// <summary>VM_PFNMAP: page frames without struct pages are mapped, a device's registers as a rule.</summary>
    public const ulong FrameMap = 0x400;

    /// <summary>VM_IO: registers of a device are mapped.</summary>
    public const ulong DeviceRegisters = 0x4000;

    /// <summary>VM_HUGETLB: pages of hugetlbfs.</summary>
    public const ulong HugePages = 0x0040_0000;

    /// <summary>VM_SOFTDIRTY: all of it counts as written since the marks were cleared.</summary>
    public const ulong SoftDirty = 0x0800_0000;

    /// <summary>As /proc/PID/maps prints them: "rw-p".</summary>
    public static string Letters(ulong flags) => string.Create(4, flags, static (text, value) =>
    {
        text[0] = (value & Read) != 0 ? 'r' : '-';
        text[1] = (value & Write) != 0 ? 'w' : '-';
        text[2] = (value & Execute) != 0 ? 'x' : '-';
        text[3] = (value & MayShare) != 0 ? 's' : 'p';
    });
}
