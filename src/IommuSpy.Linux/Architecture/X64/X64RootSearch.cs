using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>
/// Finds top-level page tables in physical memory by what every Linux one has in common: its last entry leads, over one table more with 5 levels, to
/// a table whose entry 510 leads to the mapping of the kernel's image.
/// </summary>
/// <remarks>
/// It looks at one entry of each page, so it costs a read of a cache line for each 4 KiB of memory.
/// </remarks>
internal sealed class X64RootSearch(CpuArchitecture architecture, PhysicalMemory memory) : RootSearch(architecture)
{
    private const int Entries = 512;
    private const int LastEntryOffset = (Entries - 1) * sizeof(ulong);
    private const int TextEntryOffset = (Entries - 2) * sizeof(ulong);
    private const int ChunksInWave = 64;
    private const ulong PtiUserHalf = 1UL << PageFrame.Shift;

    // Leaves that are looked at in all for images. A kernel's has some hundred, with modules some ten thousand, and all its roots share it; real memory has a
    // few more left over from earlier boots. Memory that is made to look so has one for each page, of 262,144 leaves.
    private const long MostLeaves = 1L << 24;

    private readonly ConcurrentDictionary<(ulong Table, ulong Mask), TextMapping?> _textTables = new();
    private long _leaves;

    /// <remarks>A caller that stops reading has had the rest of 256 MiB scanned, which are together.</remarks>
    /// <inheritdoc/>
    public override IEnumerable<RootCandidate> Candidates()
    {
        foreach (PhysicalRange[] wave in PageChunks.Of(memory).Chunk(ChunksInWave))
        {
            List<RootCandidate>[] found = new List<RootCandidate>[wave.Length];
            Parallel.For(0, wave.Length, i => found[i] = PageChunks.Search(memory, wave[i], bytes => Scan(wave[i].Start, bytes)));
            foreach (List<RootCandidate> chunk in found)
            {
                foreach (RootCandidate candidate in chunk)
                {
                    yield return candidate;
                }
            }
        }
    }

    /// <inheritdoc/>
    public override RootCandidate? At(PhysicalAddress page) =>
        memory.TryRead(page + LastEntryOffset, out ulong last) && IsTable(last) ? Verify(page, last) : null;

    /// <inheritdoc/>
    public override RootCandidate? Of(CpuState cpu)
    {
        if (X64Registers.Root(cpu) is not ulong cr3)
        {
            return null;
        }

        // Stopped in user mode under PTI, CR3 holds the user half, which is the page after the kernel half.
        ulong root = X64Format.Target(cr3 & EncryptionMask(cr3));
        return At(new(root & ~PtiUserHalf)) ?? At(new(root));
    }

    private List<RootCandidate> Scan(PhysicalAddress start, ReadOnlySpan<byte> bytes)
    {
        List<RootCandidate> found = [];
        for (int page = 0; page + PageFrame.Size <= bytes.Length; page += PageFrame.Size)
        {
            ulong last = MemoryMarshal.Read<ulong>(bytes[(page + LastEntryOffset)..]);
            if (IsTable(last) && Verify(start + (ulong)page, last) is RootCandidate candidate)
            {
                found.Add(candidate);
            }
        }

        return found;
    }

    private RootCandidate? Verify(PhysicalAddress page, ulong last)
    {
        ulong mask = EncryptionMask(last);
        ulong below = X64Format.Target(last & mask);
        if (!memory.TryRead(new(below + TextEntryOffset), out ulong textEntry) || !memory.TryRead(new(below + LastEntryOffset), out ulong lastEntry))
        {
            return null;
        }

        if (IsTable(textEntry) && MappingOf(page, 4, textEntry, mask) is TextMapping text)
        {
            return new(Architecture, page, X64Format.Mode(4, mask), text);
        }

        // With 5 levels the table below is a P4D whose last entry leads to the PDPT.
        return IsTable(lastEntry)
            && memory.TryRead(new(X64Format.Target(lastEntry & mask) + TextEntryOffset), out ulong deeper)
            && IsTable(deeper) && MappingOf(page, 5, deeper, mask) is TextMapping textOfFive
            ? new(Architecture, page, X64Format.Mode(5, mask), textOfFive)
            : null;
    }

    // All processes share the table that maps the image: it is read once.
    private TextMapping? MappingOf(PhysicalAddress page, int levels, ulong textEntry, ulong mask) => _textTables.GetOrAdd(
        (X64Format.Target(textEntry & mask), mask),
        table =>
        {
            if (!HasLinearRun(new(table.Table), mask) || Interlocked.Read(ref _leaves) >= MostLeaves)
            {
                return null;
            }

            PagingMode mode = X64Format.Mode(levels, mask);
            TextMapping? text = TextMapping.Find(AddressSpace.Of(memory, page, mode), Architecture.ImageMap, Architecture.ImageSpace(mode), out long leaves);
            Interlocked.Add(ref _leaves, leaves);
            return text is not null && memory.Contains(text.Physical) ? text : null;
        });

    /// <summary>
    /// Whether a page directory maps anything as a kernel's image is mapped: by a large page, or by small pages that follow each other in physical memory
    /// too. A few reads tell it from the tables of other things, before all that it maps is summed.
    /// </summary>
    private bool HasLinearRun(PhysicalAddress directory, ulong mask)
    {
        for (ulong i = 0; i < Entries; i++)
        {
            if (!memory.TryRead(directory + (i * sizeof(ulong)), out ulong entry) || !X64Format.IsPresent(entry))
            {
                continue;
            }

            entry &= mask;
            if (X64Format.IsLeaf(entry, 2))
            {
                if (X64Format.ReservedBits(entry, 2) == 0)
                {
                    return true;
                }
            }
            else if (memory.TryRead(new(X64Format.Target(entry)), out ulong first)
                && memory.TryRead(new(X64Format.Target(entry) + sizeof(ulong)), out ulong second)
                && X64Format.IsPresent(first) && X64Format.IsPresent(second)
                && X64Format.Target(second & mask) == X64Format.Target(first & mask) + PageFrame.Size)
            {
                return true;
            }
        }

        return false;
    }

    private bool IsTable(ulong entry) =>
        (entry & (X64Entry.Present | X64Entry.Writable | X64Entry.PageSize)) == (X64Entry.Present | X64Entry.Writable)
        && memory.Contains(new(X64Format.Target(entry & EncryptionMask(entry))));

    /// <summary>
    /// What clears the C-bit from an entry or CR3; all ones where it has none. Under SME and SEV one address bit of every entry is the C-bit, above all memory
    /// (AMD64 APM 2, 15.34.6). An address that has a single bit above memory has it.
    /// </summary>
    private ulong EncryptionMask(ulong entry)
    {
        ulong above = X64Format.Target(entry) & ~_addressBits;
        return above != 0 && (above & (above - 1)) == 0 && above >= LowestEncryptionBit ? ~above : ulong.MaxValue;
    }

    private const ulong LowestEncryptionBit = 1UL << 32;

    private readonly ulong _addressBits = memory.Ranges.Count == 0 ? 0
        : ulong.MaxValue >> System.Numerics.BitOperations.LeadingZeroCount(memory.Ranges[^1].Last.Value);
}
