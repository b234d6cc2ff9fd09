using IommuSpy.Memory;

namespace IommuSpy.Linux.PageCache;

/// <summary>Neighbouring pages of a file that are alike in the page cache; of those in memory, also neighbours there.</summary>
/// <param name="State">Where they are.</param>
/// <param name="Index">The first one's number in the file, in pages of 4 KiB.</param>
/// <param name="Pages">How many.</param>
public sealed record CacheRun(CacheState State, ulong Index, ulong Pages)
{
    /// <summary>The first one's page frame; null for what is not in memory.</summary>
    public PageFrame? Frame { get; init; }

    /// <summary>Of what was swapped out, the number of the swap device.</summary>
    public int? SwapType { get; init; }

    /// <summary>Of what was swapped out, where the first page is on the swap device, in pages.</summary>
    public ulong? SwapOffset { get; init; }

    /// <summary>How many are newer than what is on disk.</summary>
    public ulong Dirty { get; init; }

    /// <summary>How many are being written.</summary>
    public ulong Writeback { get; init; }

    /// <summary>How many were used since the kernel last looked.</summary>
    public ulong Referenced { get; init; }

    /// <summary>How many are on an active list.</summary>
    public ulong Active { get; init; }

    /// <summary>How many a process maps.</summary>
    public ulong Mapped { get; init; }

    /// <summary>The number of the page after the last.</summary>
    public ulong End => Index + Pages;
}
