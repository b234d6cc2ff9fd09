using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation.Arm64;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.SmmuV3;

/// <summary>What a context descriptor says of a stream or substream (IHI 0070, 5.4): its stage 1 tables.</summary>
internal static class ContextDescriptor
{
    private const int Words = 8;
    private const int Bytes = Words * sizeof(ulong);
    private const ulong Valid = 1UL << 31;
    private const ulong NoLowerTables = 1UL << 14;
    private const ulong Is64Bit = 1UL << 41;
    private const ulong RootMask = 0x000f_ffff_ffff_fff0;
    private const ulong TableMask = 0x000f_ffff_ffff_f000;

    /// <summary>Reads the descriptor of a substream.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="table">S1ContextPtr.</param>
    /// <param name="format">S1Fmt: 0 for one table, 1 for two levels with 4 KiB of descriptors each, 2 with 64 KiB.</param>
    /// <param name="substream">The substream.</param>
    /// <param name="second">What translates the addresses of the tables, of <paramref name="table"/> and of pages; null for nothing.</param>
    /// <returns>The tables and the ASID; no tables and why, where hardware refuses.</returns>
    public static (IoAddressSpace? Space, int Asid, string? Problem) Read(
        PhysicalMemory memory, ulong table, int format, int substream, IoAddressSpace? second)
    {
        PhysicalMemory seen = second is null ? memory : NestedTables.Of(second);
        if (AddressOf(seen, table, format, substream) is not ulong address)
        {
            return (null, 0, "its table of context descriptors has none for it");
        }

        ulong[] words = new ulong[Words];
        Span<byte> bytes = MemoryMarshal.AsBytes(words.AsSpan());
        if (seen.Read(new(address), bytes) != bytes.Length)
        {
            return (null, 0, $"its context descriptor is {memory.WhyUnread(new(address))}");
        }

        int asid = (int)(words[0] >> 48);
        if ((words[0] & Valid) == 0)
        {
            return (null, asid, "its context descriptor is not valid");
        }

        if ((words[0] & NoLowerTables) != 0 || (words[0] & Is64Bit) == 0)
        {
            return (null, asid, (words[0] & NoLowerTables) != 0 ? "its context descriptor has no tables (EPD0)" : "its context descriptor is of 32-bit tables");
        }

        int bits = 64 - (int)(words[0] & 0x3f);
        TableFormat? tables = ((words[0] >> 6) & 3) switch
        {
            0 when bits > 48 => TableFormat.Of<Arm64Format<Granule4KLpa2>>(),
            0 => TableFormat.Of<Arm64Format<Granule4K>>(),
            1 => TableFormat.Of<Arm64Format<Granule64K>>(),
            2 when bits > 48 => TableFormat.Of<Arm64Format<Granule16KLpa2>>(),
            2 => TableFormat.Of<Arm64Format<Granule16K>>(),
            _ => null,
        };
        if (tables is null || bits is < 25 or > 52)
        {
            return (null, asid, $"its context descriptor is of {bits}-bit addresses or a size of pages that there is not");
        }

        int levels = (bits - tables.PageShift + tables.IndexBits - 1) / tables.IndexBits;
        return (IoAddressSpace.Arm64Stage1(memory, tables, new(words[1] & RootMask), levels, bits, second), asid, null);
    }

    /// <summary>Finds the substreams whose descriptors are valid.</summary>
    /// <param name="memory">Where the tables are.</param>
    /// <param name="table">S1ContextPtr.</param>
    /// <param name="format">S1Fmt.</param>
    /// <param name="count">How many substreams there are.</param>
    /// <param name="second">What translates the addresses of the tables; null for nothing.</param>
    /// <param name="most">How many are found at the most.</param>
    /// <param name="whole">Whether all descriptors were looked at.</param>
    /// <returns>Their numbers, without 0, in order.</returns>
    public static List<int> ValidSubstreams(
        PhysicalMemory memory, ulong table, int format, int count, IoAddressSpace? second, int most, out bool whole)
    {
        PhysicalMemory seen = second is null ? memory : NestedTables.Of(second);
        WorkAllowance allowance = new(memory.Budget, Work.Steps, 2L * count);
        List<int> found = [];
        int each = EachTable(format) is > 0 and int descriptors ? descriptors : count;
        whole = true;
        for (int first = 0; first < count && whole; first += each)
        {
            whole = allowance.TryUse();
            if (!whole || AddressOf(seen, table, format, first) is not ulong address)
            {
                continue;
            }

            for (int i = first == 0 ? 1 : 0; i < each && first + i < count; i++)
            {
                if (found.Count == most || !allowance.TryUse())
                {
                    whole = false;
                    break;
                }

                if (seen.TryRead(new(address + ((ulong)i * Bytes)), out ulong word) && (word & Valid) != 0)
                {
                    found.Add(first + i);
                }
            }
        }

        allowance.Finish();
        return found;
    }

    // Descriptors of a table of the second level; 0 where there is one level alone.
    private static int EachTable(int format) => format switch
    {
        1 => 4096 / Bytes,
        2 => 65536 / Bytes,
        _ => 0,
    };

    private static ulong? AddressOf(PhysicalMemory memory, ulong table, int format, int substream)
    {
        int each = EachTable(format);
        if (each == 0)
        {
            return table + ((ulong)substream * Bytes);
        }

        return memory.TryRead(new(table + ((ulong)(substream / each) * sizeof(ulong))), out ulong first) && (first & 1) != 0
            ? (first & TableMask) + ((ulong)(substream % each) * Bytes) : null;
    }
}
