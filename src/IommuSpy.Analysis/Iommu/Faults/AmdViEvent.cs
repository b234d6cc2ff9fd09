namespace IommuSpy.Analysis.Iommu.Faults;

/// <summary>AMD-Vi's events: what each is about, and what its flags say (AMD 48882, 2.5).</summary>
/// <remarks>Flags are bits 16-27 of an event's second 32 bits, as Linux and Xen print them.</remarks>
internal static class AmdViEvent
{
    public const string PageFault = "IO_PAGE_FAULT";
    public const string RmpPageFault = "RMP_PAGE_FAULT";
    public const string IllegalEntry = "ILLEGAL_DEV_TABLE_ENTRY";
    public const string InvalidPageRequest = "INVALID_PPR_REQUEST";
    public const string TlbTimeout = "IOTLB_INV_TIMEOUT";

    private const int FlagInterrupt = 1 << 3;
    private const int FlagPresent = 1 << 4;
    private const int FlagWrite = 1 << 5;
    private const int FlagPermission = 1 << 6;
    private const int FlagReserved = 1 << 7;
    private const int FlagTranslation = 1 << 8;
    private const int TypeShift = 9;

    // HyperTransport's range of interrupts, which 0xfee00000 becomes on its way: bits 24-39. Linux prints it sign-extended.
    private const ulong HyperTransportInterrupts = 0xfdf8;

    private static readonly string?[] Codes =
    [
        null, IllegalEntry, PageFault, "DEV_TAB_HARDWARE_ERROR", "PAGE_TAB_HARDWARE_ERROR", "ILLEGAL_COMMAND_ERROR", "COMMAND_HARDWARE_ERROR", TlbTimeout,
        "INVALID_DEVICE_REQUEST", InvalidPageRequest, null, null, null, RmpPageFault, "RMP_HW_ERROR", null,
    ];

    /// <summary>The name of an event's code, bits 28-31 of its second 32 bits; null for one that Linux does not name.</summary>
    public static string? Name(int code) => Codes[code & 0xf];

    /// <summary>What an event of a name is about, before its flags and address are looked at; null for a name that is not known.</summary>
    public static FaultKind? Kind(string name) => name switch
    {
        PageFault or RmpPageFault => FaultKind.Translation,
        IllegalEntry => FaultKind.Configuration,
        "ILLEGAL_COMMAND_ERROR" or TlbTimeout => FaultKind.Command,
        InvalidPageRequest => FaultKind.DeviceRequest,
        _ when IsInvalidRequest(name) => FaultKind.DeviceRequest,
        _ when name.EndsWith("HARDWARE_ERROR", StringComparison.Ordinal) || name.EndsWith("HW_ERROR", StringComparison.Ordinal) => FaultKind.Hardware,
        _ => null,
    };

    /// <summary>Whether it is INVALID_DEVICE_REQUEST, which Xen shortens.</summary>
    public static bool IsInvalidRequest(string name) => name is "INVALID_DEVICE_REQUEST" or "INVALID_DEV_REQUEST";

    /// <summary>Whether the flags say that the request was an interrupt.</summary>
    public static bool IsInterrupt(int flags) => (flags & FlagInterrupt) != 0;

    /// <summary>Whether an address is where interrupts go on the bus of AMD's processors.</summary>
    public static bool IsInterruptAddress(ulong address) => (address >> 24 & 0xffff) == HyperTransportInterrupts;

    /// <summary>The type of an invalid request, or of a hardware error.</summary>
    public static int Type(int flags) => flags >> TypeShift & 7;

    /// <summary>Whether a translation was asked for, rather than an access (ATS).</summary>
    public static bool IsTranslationRequest(int flags) => (flags & FlagTranslation) != 0;

    /// <summary>Whether an event's request was a write; null where its flags do not say.</summary>
    public static bool? IsWrite(string name, int flags) => name switch
    {
        PageFault or RmpPageFault => (flags & FlagWrite) != 0,

        // Types 3, 5 and 6 are posted writes; the others are reads as well.
        _ when IsInvalidRequest(name) && !IsTranslationRequest(flags) && Type(flags) is 3 or 5 or 6 => true,
        _ => null,
    };

    /// <summary>What an event's flags say, in words; null where they say nothing.</summary>
    public static string? Reason(string name, int flags) => name switch
    {
        PageFault => PageFaultText(flags),
        RmpPageFault => (flags & FlagWrite) != 0 ? "a write that the reverse map table refuses" : "a read that the reverse map table refuses",
        IllegalEntry => ((flags & FlagReserved) != 0 ? "reserved bits are set" : "a field has a value that is not defined")
            + (IsInterrupt(flags) ? ", found at an interrupt" : ""),
        InvalidPageRequest => "a page request that the device's entry does not allow",
        _ when IsInvalidRequest(name) => InvalidRequestText(flags),
        _ when Kind(name) == FaultKind.Hardware => (Type(flags) & 3) switch { 1 => "master abort", 2 => "target abort", 3 => "data error", _ => null },
        _ => null,
    };

    /// <summary>A command's name by its code, bits 28-31 of its second 32 bits (AMD 48882, 2.4).</summary>
    public static string? Command(int code) => code switch
    {
        1 => "COMPLETION_WAIT",
        2 => "INVALIDATE_DEVTAB_ENTRY",
        3 => "INVALIDATE_IOMMU_PAGES",
        4 => "INVALIDATE_IOTLB_PAGES",
        5 => "INVALIDATE_INTERRUPT_TABLE",
        6 => "PREFETCH_IOMMU_PAGES",
        7 => "COMPLETE_PPR_REQUEST",
        8 => "INVALIDATE_IOMMU_ALL",
        9 => "INSERT_GUEST_EVENT",
        10 => "RESET_VMMIO",
        _ => null,
    };

    private static string PageFaultText(int flags)
    {
        bool present = (flags & FlagPresent) != 0;
        if (IsInterrupt(flags))
        {
            return "an interrupt request, " + (present ? "whose remapping entry is present" : "whose remapping entry is not present, or which is blocked")
                + ((flags & FlagReserved) != 0 ? " with reserved bits set" : "");
        }

        List<string> parts =
        [
            IsTranslationRequest(flags) ? "a translation request" : (flags & FlagWrite) != 0 ? "a write" : "a read",
            present ? "to a page that is present" : "to a page that is not present",
        ];
        if ((flags & FlagPermission) != 0)
        {
            parts.Add("without permission");
        }

        if ((flags & FlagReserved) != 0)
        {
            parts.Add("with reserved bits set");
        }

        return string.Join(' ', parts);
    }

    private static string InvalidRequestText(int flags) => IsTranslationRequest(flags)
        ? Type(flags) switch
        {
            0 => "type 0: a translation request of a device whose entry does not allow it (I, V or TV is 0)",
            1 => "type 1: a translation request for the range of interrupts, port I/O or system management",
            int type => $"type {type} of a translation request is reserved",
        }
        : Type(flags) switch
        {
            0 => "type 0: a read, or a write that waits for an answer, in the range of interrupts",
            1 => "type 1: an already translated request of a device that may not translate (I or V is 0)",
            2 => "type 2: port I/O, which the device's entry refuses (IoCtl is 0)",
            3 => "type 3: a write to the range of system management or of address translation, which the device's entry refuses (SysMgt)",
            4 => "type 4: a read, or a write that waits for an answer, in the range of system management or of address translation",
            5 => "type 5: an interrupt, which the device's entry refuses (IntCtl is 0)",
            6 => "type 6: a write to a reserved part of the range of interrupts",
            _ => "type 7: system management or port I/O that has to be translated, and the device's entry has no translation (SysMgt, IoCtl, TV)",
        };
}
