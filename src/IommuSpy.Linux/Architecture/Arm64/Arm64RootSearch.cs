using System.Runtime.InteropServices;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>
/// Finds the kernel's own top-level table (swapper_pg_dir, what TTBR1_EL1 holds) in physical memory: a page with a few entries that all lead to tables, below
/// which stand an image that can be executed and a linear map through which the table itself is found again. Processes' tables have no part of the kernel's
/// half and are not found so; the kernel's objects name them.
/// </summary>
internal sealed class Arm64RootSearch(CpuArchitecture architecture, PhysicalMemory memory) : RootSearch(architecture)
{
    private const int ChunksInWave = 64;
    private const int MostEntries = 64;

    // Of a table descriptor Linux writes the address, the type, AF (since 6.13), and PXNTable and UXNTable.
    private const ulong Type = Arm64Descriptor.Valid | Arm64Descriptor.Table;
    private const ulong AddressMask = 0x0003_ffff_ffff_f000;
    private const ulong Allowed = AddressMask | Type | Arm64Descriptor.Accessed | Arm64Descriptor.TablePrivilegedExecuteNever
        | Arm64Descriptor.TableUserExecuteNever;

    // What all candidates together may cost: leaves that are looked at for images, tables, and images whose linear map is looked for. Memory that is made of
    // tables has as many candidates as pages.
    private const long MostLeaves = 1L << 24;
    private const long MostTables = 1L << 22;
    private const int MostImages = 64;

    private readonly WorkBudget _budget = new(tables: MostTables);
    private long _leaves;
    private int _images;

    /// <inheritdoc/>
    public override IEnumerable<RootCandidate> Candidates()
    {
        foreach (PhysicalRange[] wave in PageChunks.Of(memory).Chunk(ChunksInWave))
        {
            List<RootCandidate>[] found = new List<RootCandidate>[wave.Length];
            Parallel.For(0, wave.Length, i => found[i] = PageChunks.Search(memory, wave[i], bytes => Scan(wave[i].Start, bytes)));
            foreach (RootCandidate candidate in found.SelectMany(chunk => chunk))
            {
                yield return candidate;
            }
        }
    }

    /// <inheritdoc/>
    public override RootCandidate? At(PhysicalAddress page)
    {
        Span<byte> bytes = stackalloc byte[PageFrame.Size];
        return page.Value % PageFrame.Size == 0 && memory.Read(page, bytes) == bytes.Length ? Verify(page, bytes) : null;
    }

    /// <inheritdoc/>
    public override RootCandidate? Of(CpuState cpu) => null;

    private List<RootCandidate> Scan(PhysicalAddress start, ReadOnlySpan<byte> bytes)
    {
        List<RootCandidate> found = [];
        for (int page = 0; page + PageFrame.Size <= bytes.Length; page += PageFrame.Size)
        {
            if (Verify(start + (ulong)page, bytes.Slice(page, PageFrame.Size)) is RootCandidate candidate)
            {
                found.Add(candidate);
            }
        }

        return found;
    }

    private RootCandidate? Verify(PhysicalAddress page, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<ulong> entries = MemoryMarshal.Cast<byte, ulong>(bytes);
        int last = LastOfTables(entries);
        if (last < 0)
        {
            return null;
        }

        foreach (Arm64Regime regime in Arm64Regime.All)
        {
            // What is left of the page behind a shorter table is empty.
            if (last < regime.TopEntries && page.Value % regime.Format.PageBytes == 0 && Verify(page, regime.Mode(page)) is RootCandidate candidate)
            {
                return candidate;
            }
        }

        return null;
    }

    // Index of the last entry of a page that holds some entries for tables and nothing else; -1 for other pages. Most end at their first word.
    private int LastOfTables(ReadOnlySpan<ulong> entries)
    {
        int last = -1;
        int count = 0;
        for (int from = 0; entries[from..].IndexOfAnyExcept(0UL) is var next and >= 0; from = last + 1)
        {
            last = from + next;
            ulong entry = entries[last];
            if ((entry & Type) != Type || (entry & ~Allowed) != 0 || ++count > MostEntries || !memory.Contains(new(entry & AddressMask)))
            {
                return -1;
            }

            if (last + 1 == entries.Length)
            {
                break;
            }
        }

        return last;
    }

    private RootCandidate? Verify(PhysicalAddress page, PagingMode mode)
    {
        if (Interlocked.Read(ref _leaves) >= MostLeaves || Volatile.Read(ref _images) >= MostImages)
        {
            return null;
        }

        AddressSpace space = AddressSpace.Of(memory, page, mode);
        TextMapping? text = TextMapping.Find(
            space, Architecture.ImageMap, Architecture.ImageSpace(mode), out long leaves, byCode: true, _budget);
        Interlocked.Add(ref _leaves, leaves);
        return text is not null && memory.Contains(text.Physical) && Interlocked.Increment(ref _images) <= MostImages
            && DirectMapProbe.Find(space, Architecture, memory) is { MapsMemory: true } linear
            && space.TryTranslate(linear.Base + page.Value, out PhysicalAddress itself) && itself == page
            ? new(Architecture, page, mode, text)
            : null;
    }
}
