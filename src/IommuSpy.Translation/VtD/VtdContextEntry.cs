using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.VtD;

/// <summary>VT-d context entries: legacy ones of 16 bytes (VT-d specification, 9.3) and scalable-mode ones of 32 (9.4).</summary>
public static class VtdContextEntry
{
    /// <summary>P: the entry is used. Root entries have it too.</summary>
    public const ulong Present = 1UL << 0;

    /// <summary>FPD: faults of the device are not recorded.</summary>
    public const ulong FaultsSilenced = 1UL << 1;

    /// <summary>Bytes of a legacy entry.</summary>
    public const int LegacyBytes = 16;

    /// <summary>Bytes of a scalable-mode entry.</summary>
    public const int ScalableBytes = 32;

    internal const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // Legacy, low quadword.
    private const int TypeShift = 2;
    private const ulong TypeMask = 3;
    private const ulong LegacyLowReserved = 0xff0;

    // Legacy, high quadword: AW in bits 0-2, domain in 8-23; 3-6 are software's.
    private const ulong WidthMask = 7;
    private const int DomainShift = 8;
    private const ulong DomainMask = 0xffff;
    private const ulong LegacyHighReserved = 0xffff_ffff_ff00_0080;

    // Scalable.
    private const ulong DeviceTlbEnable = 1UL << 2;
    private const ulong PasidEnable = 1UL << 3;
    private const int DirectorySizeShift = 9;
    private const ulong DirectorySizeMask = 7;
    private const int SmallestDirectoryShift = 7;
    private const ulong PlainPasidMask = 0xf_ffff;

    // Bit 4 is PRE, 5 HPTE and 6 EPTR in later revisions.
    private const ulong ScalableLowReserved = 0x180;
    private const ulong ScalableHighReserved = ~(PlainPasidMask | (1UL << 20));

    /// <summary>Reads a legacy entry that is present.</summary>
    internal static DeviceContext Read(PhysicalMemory memory, RequesterId requester, PhysicalAddress address, ulong[] entry, int? pasid)
    {
        int type = (int)((entry[0] >> TypeShift) & TypeMask);
        int domain = (int)((entry[1] >> DomainShift) & DomainMask);
        int levels = (int)(entry[1] & WidthMask) + 2;
        bool deviceTlb = type == 1;
        DeviceContext Refused(DmaMode mode, string problem) => new(requester, pasid, mode, domain, null, AccessRights.None, address, entry, deviceTlb, problem);

        if (pasid is not null)
        {
            return Refused(DmaMode.Blocked, "legacy mode knows no PASID");
        }

        // Of a pass-through entry the pointer means nothing, and so do its bits.
        ulong reserved = (entry[0] & LegacyLowReserved) | (entry[1] & LegacyHighReserved);
        if (reserved != 0)
        {
            return Refused(DmaMode.Invalid, $"reserved bits 0x{reserved:x} are set in its context entry");
        }

        const AccessRights All = AccessRights.Read | AccessRights.Write;
        return type switch
        {
            2 => new(requester, null, DmaMode.PassThrough, domain, null, All, address, entry, deviceTlb, null),
            3 => Refused(DmaMode.Invalid, "translation type 3 of its context entry is reserved"),
            _ when levels is < 3 or > 5 => Refused(DmaMode.Invalid, $"its context entry asks for tables of {levels} levels"),
            _ => new(
                requester, null, DmaMode.Translated, domain, new(memory, IoTableFormat.VtdSecondStage, new(entry[0] & AddressMask), levels), All, address,
                entry, deviceTlb, null),
        };
    }

    /// <summary>DTE of a scalable-mode entry: the device may ask for translations.</summary>
    internal static bool ScalableDeviceTlb(ulong low) => (low & DeviceTlbEnable) != 0;

    /// <summary>PASIDE: requests with PASID get through.</summary>
    internal static bool PasidEnabled(ulong low) => (low & PasidEnable) != 0;

    /// <summary>Where the PASID directory begins.</summary>
    internal static ulong Directory(ulong low) => low & AddressMask;

    /// <summary>How many entries it has, each for 64 PASIDs.</summary>
    internal static int DirectoryEntries(ulong low) => 1 << ((int)((low >> DirectorySizeShift) & DirectorySizeMask) + SmallestDirectoryShift);

    /// <summary>RID_PASID: whose tables requests without PASID use.</summary>
    internal static int PasidOfPlainRequests(ulong second) => (int)(second & PlainPasidMask);

    /// <summary>What is wrong with a scalable-mode entry; null for a good one.</summary>
    internal static string? ScalableReserved(ReadOnlySpan<ulong> entry)
    {
        ulong reserved = (entry[0] & ScalableLowReserved) | (entry[1] & ScalableHighReserved) | entry[2] | entry[3];
        return reserved != 0 ? $"reserved bits 0x{reserved:x} are set in its context entry" : null;
    }
}
