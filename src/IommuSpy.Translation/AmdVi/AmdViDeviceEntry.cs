using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.AmdVi;

/// <summary>AMD-Vi device table entries (AMD 48882, 2.2.2.1).</summary>
public static class AmdViDeviceEntry
{
    /// <summary>Bytes of an entry.</summary>
    public const int Bytes = 32;

    /// <summary>Quadwords of an entry.</summary>
    public const int Words = Bytes / sizeof(ulong);

    // First quadword.
    private const ulong Valid = 1UL << 0;
    private const ulong TranslationValid = 1UL << 1;
    private const int ModeShift = 9;
    private const ulong ModeMask = 7;
    private const int MostLevels = 6;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const ulong GuestTranslation = 1UL << 55;
    private const ulong GuestForPlainRequests = 1UL << 54;
    private const int GuestLevelsShift = 56;
    private const ulong GuestLevelsMask = 3;
    private const ulong ReadAllowed = 1UL << 61;
    private const ulong WriteAllowed = 1UL << 62;
    private const ulong FirstReserved = 0x8000_0000_0000_007c;

    // Second.
    private const ulong DomainMask = 0xffff;
    private const ulong DeviceTlb = 1UL << 32;

    // Third: interrupts in the low half, guest paging mode in bits 54-55.
    private const ulong InterruptsValid = 1UL << 0;
    private const ulong ThirdReserved = 3UL << 52;
    private const int InterruptCountShift = 1;
    private const ulong InterruptCountMask = 0xf;
    private const ulong InterruptTableMask = 0x000f_ffff_ffff_ffc0;
    private const int InterruptControlShift = 60;
    private const ulong InterruptControlMask = 3;
    private const int GuestDepthShift = 54;
    private const ulong GuestDepthMask = 3;

    private const int GuestTableEntries = 512;
    private const int GuestTableBits = 9;
    private const int MostPasids = 1 << 20;

    // Enough for any process that shares its address space with a device; a hostile table of three levels would have 2^27.
    private const int MostPasidsOfOneDevice = 1 << 14;

    /// <summary>Whether an entry says anything that Linux's fill of unused entries (V, TV and no rights) and zeros do not.</summary>
    public static bool IsInUse(ReadOnlySpan<ulong> entry) =>
        (entry[0] & ~(Valid | TranslationValid)) != 0 || entry[1] != 0 || (entry[2] & InterruptTableMask) != 0
            || (entry[0] & (Valid | TranslationValid)) == Valid;

    /// <summary>
    /// Whether an entry's first quadword is what Linux gives devices that it does nothing else for: V and TV, without rights or, where it passes requests
    /// through, with both.
    /// </summary>
    public static bool IsDefault(ulong first) =>
        (first & ~(ReadAllowed | WriteAllowed)) == (Valid | TranslationValid) && (first & (ReadAllowed | WriteAllowed)) is 0 or (ReadAllowed | WriteAllowed);

    /// <summary>The table of interrupt remapping entries that an entry points at, and how many it has; null where interrupts are not remapped by one.</summary>
    public static (PhysicalAddress Table, int Count)? InterruptTable(IReadOnlyList<ulong> entry) =>
        (entry[2] & InterruptsValid) != 0 && InterruptControl(entry) == AmdViInterruptControl.Remapped
            ? (new(entry[2] & InterruptTableMask), 1 << (int)((entry[2] >> InterruptCountShift) & InterruptCountMask))
            : null;

    /// <summary>What becomes of fixed and arbitrated interrupts of the device.</summary>
    public static AmdViInterruptControl InterruptControl(IReadOnlyList<ulong> entry) => (entry[2] & InterruptsValid) == 0
        ? AmdViInterruptControl.NotRemapped
        : (AmdViInterruptControl)((entry[2] >> InterruptControlShift) & InterruptControlMask);

    /// <summary>The bits of one of an entry's quadwords that are reserved in every revision; 0 for the last, which has fields of the newest alone.</summary>
    /// <param name="word">0 to 3.</param>
    public static ulong ReservedBits(int word) => word switch { 0 => FirstReserved, 2 => ThirdReserved, _ => 0 };

    internal static DeviceContext Read(PhysicalMemory memory, RequesterId requester, int? pasid, PhysicalAddress address, ulong[] entry, ulong entryMask)
    {
        int domain = (int)(entry[1] & DomainMask);
        bool deviceTlb = (entry[1] & DeviceTlb) != 0;
        AccessRights granted =
            ((entry[0] & ReadAllowed) != 0 ? AccessRights.Read : AccessRights.None) | ((entry[0] & WriteAllowed) != 0 ? AccessRights.Write : AccessRights.None);
        const AccessRights All = AccessRights.Read | AccessRights.Write;
        DeviceContext Refused(DmaMode mode, string problem) => new(requester, pasid, mode, domain, null, AccessRights.None, address, entry, deviceTlb, problem);
        DeviceContext Through(AccessRights rights) => new(requester, pasid, DmaMode.PassThrough, domain, null, rights, address, entry, deviceTlb, null);
        DeviceContext Translated(IoAddressSpace space) => new(requester, pasid, DmaMode.Translated, domain, space, granted, address, entry, deviceTlb, null);

        if ((entry[0] & Valid) == 0)
        {
            return pasid is null ? Through(All) : Refused(DmaMode.Blocked, "its device table entry is not valid: no PASID is known");
        }

        if ((entry[0] & TranslationValid) == 0)
        {
            return Refused(DmaMode.Blocked, "its device table entry has no valid translation (TV is 0)");
        }

        if ((entry[0] & FirstReserved) != 0)
        {
            return Refused(DmaMode.Invalid, $"reserved bits 0x{entry[0] & FirstReserved:x} are set in its device table entry");
        }

        int levels = (int)((entry[0] >> ModeShift) & ModeMask);
        if (levels > MostLevels)
        {
            return Refused(DmaMode.Invalid, "paging mode 7 of its device table entry is reserved");
        }

        IoAddressSpace? host = levels == 0 ? null : new(memory, IoTableFormat.AmdViHost, new(entry[0] & entryMask & AddressMask), levels, granted, entryMask);
        bool guest = (entry[0] & GuestTranslation) != 0;
        if (guest && (pasid is not null || (entry[0] & GuestForPlainRequests) != 0))
        {
            return OfGuest(memory, host, entry, pasid ?? 0, granted, entryMask) is { } space ? Translated(space)
                : Refused(DmaMode.Blocked, $"PASID {pasid ?? 0} is not present in its GCR3 table");
        }

        if (pasid is not null)
        {
            return Refused(DmaMode.Blocked, "its device table entry has no guest translation: no PASID is known");
        }

        return granted == AccessRights.None ? Refused(DmaMode.Blocked, "its device table entry allows neither reads nor writes")
            : host is null ? Through(granted) : Translated(host);
    }

    /// <summary>PASIDs of a device that have tables, but for 0 where requests without PASID use it.</summary>
    internal static IEnumerable<int> Pasids(PhysicalMemory memory, ulong[] entry, ulong entryMask)
    {
        const ulong Wanted = Valid | TranslationValid | GuestTranslation;
        if ((entry[0] & Wanted) != Wanted || ((entry[0] >> ModeShift) & ModeMask) != 0)
        {
            // Of nested tables, guests know the PASIDs: those that are asked for are looked up.
            return [];
        }

        int levels = (int)((entry[0] >> GuestLevelsShift) & GuestLevelsMask) + 1;
        List<int> found = [];
        Collect(memory, GuestRoot(entry) & entryMask, levels, 0, entryMask, found);
        if ((entry[0] & GuestForPlainRequests) != 0)
        {
            found.Remove(0);
        }

        return found;
    }

    private static void Collect(PhysicalMemory memory, ulong table, int level, int prefix, ulong entryMask, List<int> found)
    {
        for (int i = 0; i < GuestTableEntries && found.Count < MostPasidsOfOneDevice; i++)
        {
            int pasid = (prefix << GuestTableBits) | i;
            if (pasid >= MostPasids || !memory.TryRead(new(table + ((ulong)i * sizeof(ulong))), out ulong value))
            {
                return;
            }

            if ((value & Valid) != 0 && level == 1)
            {
                found.Add(pasid);
            }
            else if ((value & Valid) != 0)
            {
                Collect(memory, value & entryMask & AddressMask, level - 1, pasid, entryMask, found);
            }
        }
    }

    // GCR3[14:12] is in bits 58-60 of the first quadword, [30:15] in 16-31 of the second, [51:31] in 43-63 of it.
    private static ulong GuestRoot(ulong[] entry) =>
        (((entry[0] >> 58) & 7) << 12) | (((entry[1] >> 16) & 0xffff) << 15) | (((entry[1] >> 43) & 0x1f_ffff) << 31);

    private static IoAddressSpace? OfGuest(PhysicalMemory memory, IoAddressSpace? host, ulong[] entry, int pasid, AccessRights granted, ulong entryMask)
    {
        int levels = (int)((entry[0] >> GuestLevelsShift) & GuestLevelsMask) + 1;
        if (levels > 3 || (levels * GuestTableBits < 20 && pasid >> (levels * GuestTableBits) != 0))
        {
            return null;
        }

        // With host translation the table of tables is at addresses that it translates too.
        ulong table = GuestRoot(entry) & entryMask;
        for (int level = levels; level > 0; level--)
        {
            ulong at = table + ((ulong)((pasid >> ((level - 1) * GuestTableBits)) % GuestTableEntries) * sizeof(ulong));
            PhysicalAddress physical = new(at);
            if ((host is not null && !host.TryTranslate(new(at), out physical)) || !memory.TryRead(physical, out ulong value) || (value & Valid) == 0)
            {
                return null;
            }

            table = value & entryMask & AddressMask;
        }

        int depth = ((entry[2] >> GuestDepthShift) & GuestDepthMask) == 1 ? 5 : 4;
        return host is null
            ? new(memory, IoTableFormat.AmdViGuest, new(table), depth, granted, entryMask)
            : IoAddressSpace.Nested(host, new(table), depth, granted);
    }
}
