using System.Runtime.InteropServices;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Linux.Iommu;

/// <summary>
/// Finds IOMMU tables in physical memory with no help: pages that could be a VT-d root table or the start of an AMD-Vi device table, and under which everything
/// verifies.
/// </summary>
/// <param name="memory">The memory.</param>
/// <param name="entryMask">Clears the C-bit from AMD-Vi tables under SME.</param>
internal sealed class IommuScan(PhysicalMemory memory, ulong entryMask)
{
    private const int Attempts = 3; // at tables of a running machine
    private const ulong RootLowBits = 0xfff;
    private const ulong RootPresent = 1;
    private const int DeviceEntryWords = AmdViDeviceEntry.Words;
    private const ulong DeviceEntryValid = 3;

    // V and TV, and of the rest of the quadword's low 9 bits only those of dirty tracking.
    private const ulong DeviceEntryLowMask = 0x7f;

    // Of the 128 entries of a device table's first page, which are of bus 0: fewer than these are never at their default. Pages of page tables look like
    // entries otherwise, and have hardly one.
    private const int FewestDefault = 8;

    private readonly TableCheck _check = new(memory, entryMask);
    private readonly ulong _end = memory.Ranges.Count == 0 ? 0 : memory.Ranges[^1].Last.Value;

    /// <summary>What there is, in memory order.</summary>
    public IReadOnlyList<FoundTables> Find()
    {
        PhysicalRange[] chunks = [.. PageChunks.Of(memory)];
        List<(PhysicalAddress Page, IommuKind Kind)>[] candidates = new List<(PhysicalAddress, IommuKind)>[chunks.Length];
        Parallel.For(0, chunks.Length, i => candidates[i] = PageChunks.Search(memory, chunks[i], bytes => Scan(chunks[i].Start, bytes)));
        List<FoundTables> found = [];
        ulong coveredTo = 0;
        foreach ((PhysicalAddress page, IommuKind kind) in candidates.SelectMany(list => list))
        {
            // The pages of a device table look alike: the first one's table covers the others.
            if (kind == IommuKind.AmdVi && page.Value < coveredTo)
            {
                continue;
            }

            FoundTables? tables = null;

            // A page of tables may be freed and used for something else while they are read.
            for (int attempt = 0; tables is null && attempt < (memory.Changes ? Attempts : 1); attempt++)
            {
                if (attempt > 0)
                {
                    memory.Refresh();
                }

                tables = kind == IommuKind.VtD ? VtdAt(page) : AmdViAt(page);
            }

            if (tables is not null)
            {
                found.Add(tables);
                coveredTo = tables.Tables is AmdViDeviceTables device ? device.Root.Value + (ulong)device.Bytes : coveredTo;
            }
        }

        return found;
    }

    private List<(PhysicalAddress Page, IommuKind Kind)> Scan(PhysicalAddress start, ReadOnlySpan<byte> bytes)
    {
        List<(PhysicalAddress, IommuKind)> found = [];
        for (int at = 0; at + PageFrame.Size <= bytes.Length; at += PageFrame.Size)
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes.Slice(at, PageFrame.Size));
            int first = words.IndexOfAnyExcept(0UL);
            if (first < 0)
            {
                continue;
            }

            if (IsRootWord(words[first]))
            {
                if (LooksLikeRoot(words[first..]))
                {
                    found.Add((start + (ulong)at, IommuKind.VtD));
                }
            }
            else if (first == 0 && IsDeviceEntryWord(words[0]) && LooksLikeDeviceTable(words) && DefaultEntries(words) >= FewestDefault)
            {
                found.Add((start + (ulong)at, IommuKind.AmdVi));
            }
        }

        return found;
    }

    private bool IsRootWord(ulong word) => (word & RootLowBits) == RootPresent && word <= _end;

    private bool LooksLikeRoot(ReadOnlySpan<ulong> words)
    {
        foreach (ulong word in words)
        {
            if (word != 0 && !IsRootWord(word))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDeviceEntryWord(ulong word) => (word & DeviceEntryLowMask) == DeviceEntryValid && word >> 63 == 0;

    // Every entry of a device table's first page is either filled or zero.
    private static bool LooksLikeDeviceTable(ReadOnlySpan<ulong> words)
    {
        for (int i = 0; i < words.Length; i += DeviceEntryWords)
        {
            if (words[i] == 0 ? words.Slice(i, DeviceEntryWords).ContainsAnyExcept(0UL) : !IsDeviceEntryWord(words[i]))
            {
                return false;
            }
        }

        return true;
    }

    private static int DefaultEntries(ReadOnlySpan<ulong> words)
    {
        int defaults = 0;
        for (int i = 0; i < words.Length; i += DeviceEntryWords)
        {
            defaults += AmdViDeviceEntry.IsDefault(words[i]) ? 1 : 0;
        }

        return defaults;
    }

    private FoundTables? VtdAt(PhysicalAddress page)
    {
        int legacy = _check.VtdWeight(page, scalable: false);
        int scalable = _check.VtdWeight(page, scalable: true);
        return legacy == 0 && scalable == 0 ? null
            : legacy >= scalable ? new(IommuKind.VtD, IommuMode.Legacy, new VtdDeviceTables(memory, page, scalable: false), legacy)
            : new(IommuKind.VtD, IommuMode.Scalable, new VtdDeviceTables(memory, page, scalable: true), scalable);
    }

    private FoundTables? AmdViAt(PhysicalAddress page)
    {
        int bytes = DeviceTableBytes(page);
        int weight = _check.AmdViWeight(page, bytes);
        return weight == 0 ? null : new(IommuKind.AmdVi, IommuMode.DeviceTable, new AmdViDeviceTables(memory, page, bytes, entryMask: entryMask), weight);
    }

    // The table is as long as pages that look like its first one follow each other.
    private int DeviceTableBytes(PhysicalAddress page)
    {
        Span<byte> copy = stackalloc byte[PageFrame.Size];
        int bytes = PageFrame.Size;
        while (bytes < AmdViDeviceTables.MostBytes && memory.TryGet(new(page.Value + (ulong)bytes), copy, out ReadOnlySpan<byte> next))
        {
            ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(next);
            if (!IsDeviceEntryWord(words[0]) || !LooksLikeDeviceTable(words))
            {
                break;
            }

            bytes += PageFrame.Size;
        }

        return bytes;
    }
}
