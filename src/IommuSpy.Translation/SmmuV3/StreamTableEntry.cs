using IommuSpy.Memory;
using IommuSpy.Translation.Arm64;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.SmmuV3;

/// <summary>What a stream table entry says of a stream (IHI 0070, 5.2).</summary>
public static class StreamTableEntry
{
    /// <summary>Quadwords of an entry.</summary>
    public const int Words = 8;

    /// <summary>Bytes of an entry.</summary>
    public const int Bytes = Words * sizeof(ulong);

    private const ulong Valid = 1;
    private const AccessRights All = AccessRights.Read | AccessRights.Write;
    private const ulong ContextMask = 0x000f_ffff_ffff_ffc0;
    private const ulong SecondStageMask = 0x000f_ffff_ffff_fff0;

    // Bits of the configuration: of 4 to 7, bit 0 says stage 1 and bit 1 stage 2.
    private const int Lets = 4;
    private const int FirstStage = 1;
    private const int SecondStage = 2;

    private const int MostSubstreamBits = 20;

    /// <summary>Whether an entry has tables.</summary>
    /// <param name="first">Its first quadword.</param>
    public static bool Translates(ulong first) => (first & Valid) != 0 && (Configuration(first) & Lets) != 0 && Configuration(first) != Lets;

    /// <summary>Finds the substreams (PASIDs) of an entry that have a valid context descriptor.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="entry">Its quadwords.</param>
    /// <param name="most">How many are found at the most.</param>
    /// <param name="whole">Whether all its descriptors were looked at: the memory's budget or <paramref name="most"/> may end it early.</param>
    /// <returns>Their numbers, more than 0, in order.</returns>
    internal static IReadOnlyList<int> ValidSubstreams(PhysicalMemory memory, IReadOnlyList<ulong> entry, int most, out bool whole)
    {
        whole = true;
        if (entry.Count != Words || !Translates(entry[0]) || (Configuration(entry[0]) & FirstStage) == 0 || SubstreamBits(entry) == 0)
        {
            return [];
        }

        IoAddressSpace? second = (Configuration(entry[0]) & SecondStage) != 0 ? Second(memory, entry) : null;
        return second is null && (Configuration(entry[0]) & SecondStage) != 0
            ? []
            : ContextDescriptor.ValidSubstreams(
                memory, entry[0] & ContextMask, DescriptorTables(entry), 1 << SubstreamBits(entry), second, most, out whole);
    }

    /// <summary>Reads an entry.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="requester">Whose it is.</param>
    /// <param name="pasid">Its substream; null for requests without one.</param>
    /// <param name="address">Where the entry stands.</param>
    /// <param name="entry">Its quadwords.</param>
    public static DeviceContext Read(PhysicalMemory memory, RequesterId requester, int? pasid, PhysicalAddress address, IReadOnlyList<ulong> entry)
    {
        if ((entry[0] & Valid) == 0)
        {
            return Blocked(requester, pasid, address, entry, "its stream table entry is not valid");
        }

        int configuration = Configuration(entry[0]);
        if ((configuration & Lets) == 0)
        {
            return Blocked(requester, pasid, address, entry, "its stream table entry aborts all requests");
        }

        bool deviceTlb = ((entry[1] >> 28) & 3) != 0;
        if (configuration == Lets)
        {
            return pasid is null ? Of(requester, pasid, DmaMode.PassThrough, 0, null, address, entry, deviceTlb, null)
                : Blocked(requester, pasid, address, entry, "its stream table entry lets requests through untranslated, but none with PASID");
        }

        IoAddressSpace? second = null;
        if ((configuration & SecondStage) != 0)
        {
            second = Second(memory, entry);
            if (second is null)
            {
                return Of(requester, pasid, DmaMode.Invalid, 0, null, address, entry, deviceTlb, "its stream table entry has a stage 2 that hardware refuses");
            }
        }

        if ((configuration & FirstStage) == 0)
        {
            return pasid is null ? Of(requester, pasid, DmaMode.Translated, (ushort)entry[2], second, address, entry, deviceTlb, null)
                : Blocked(requester, pasid, address, entry, "its stream table entry has no substreams");
        }

        int bits = SubstreamBits(entry);
        if (pasid is int wanted && (bits == 0 || (uint)wanted >> bits != 0))
        {
            return Blocked(requester, pasid, address, entry, $"PASID {wanted} is beyond its context descriptors");
        }

        // What becomes of requests without PASID where there are substreams: S1DSS.
        if (pasid is null && bits > 0 && (entry[1] & 3) is not 2 and var without)
        {
            return without == 1
                ? second is null ? Of(requester, pasid, DmaMode.PassThrough, 0, null, address, entry, deviceTlb, null)
                    : Of(requester, pasid, DmaMode.Translated, (ushort)entry[2], second, address, entry, deviceTlb, null)
                : Blocked(requester, pasid, address, entry, "its stream table entry refuses requests without PASID (S1DSS)");
        }

        (IoAddressSpace? space, int asid, string? problem) =
            ContextDescriptor.Read(memory, entry[0] & ContextMask, DescriptorTables(entry), pasid ?? 0, second);
        return Of(requester, pasid, space is null ? DmaMode.Invalid : DmaMode.Translated, asid, space, address, entry, deviceTlb, problem);
    }

    internal static DeviceContext Blocked(
        RequesterId requester, int? pasid, PhysicalAddress address, IReadOnlyList<ulong> entry, string problem) =>
        Of(requester, pasid, DmaMode.Blocked, 0, null, address, entry, false, problem);

    // No address is kept for interrupts: a write to a doorbell is translated like any other.
    private static DeviceContext Of(
        RequesterId requester, int? pasid, DmaMode mode, int domain, IoAddressSpace? space, PhysicalAddress address, IReadOnlyList<ulong> entry,
        bool deviceTlb, string? problem) =>
        new(requester, pasid, mode, domain, space, mode is DmaMode.Translated or DmaMode.PassThrough ? All : AccessRights.None, address, entry, deviceTlb,
            problem)
        {
            HasInterruptAddresses = false,
        };

    // S1CDMax, and S1Fmt, which means something where there are substreams.
    private static int SubstreamBits(IReadOnlyList<ulong> entry) => Math.Min((int)(entry[0] >> 59), MostSubstreamBits);

    private static int DescriptorTables(IReadOnlyList<ulong> entry) => SubstreamBits(entry) == 0 ? 0 : (int)(entry[0] >> 4) & 3;

    private static int Configuration(ulong first) => (int)(first >> 1) & 7;

    // S2T0SZ, S2SL0 and S2TG say where the walk begins; a first level of up to 16 tables stands for one level more.
    private static IoAddressSpace? Second(PhysicalMemory memory, IReadOnlyList<ulong> entry)
    {
        int inputBits = 64 - (int)(entry[2] >> 32 & 0x3f);
        int start = (int)(entry[2] >> 38) & 3;
        int granule = (int)(entry[2] >> 46) & 3;
        TableFormat? format = granule switch
        {
            0 => TableFormat.Of<Arm64Stage2Format<Granule4K>>(),
            1 => TableFormat.Of<Arm64Stage2Format<Granule64K>>(),
            2 => TableFormat.Of<Arm64Stage2Format<Granule16K>>(),
            _ => null,
        };

        // 4 KiB pages: 0 begins at L2; 16 and 64 KiB pages: 0 begins at L3.
        int levels = granule == 0 ? start + 2 : start + 1;
        return format is null || start == 3 || inputBits is < 25 or > 52 || inputBits > format.SlotShift(levels + 1) + 4
            || inputBits <= format.SlotShift(levels)
            ? null
            : IoAddressSpace.Arm64Stage2(memory, format, new(entry[3] & SecondStageMask), levels, inputBits);
    }
}
