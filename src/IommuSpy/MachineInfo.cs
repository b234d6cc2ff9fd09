using IommuSpy.Analysis.Info;

namespace IommuSpy;

/// <summary>What machine and kernel a source shows: what `iommu-spy info` answers. Null is a stated absence.</summary>
public sealed record MachineInfo
{
    /// <summary>The source, as it was named.</summary>
    public required string Source { get; init; }

    /// <summary>The format that it was recognised as: "kdump-compressed, zlib".</summary>
    public required string Format { get; init; }

    /// <summary>The kernel's release: "6.1.0-56-amd64".</summary>
    public required string Release { get; init; }

    /// <summary>The line that the kernel begins its log with: "Linux version ...".</summary>
    public required string Banner { get; init; }

    /// <summary>Levels of its page tables.</summary>
    public required int PagingLevels { get; init; }

    /// <summary>The physical address of the kernel's own top-level page table.</summary>
    public required ulong Root { get; init; }

    /// <summary>The virtual address at which the direct map of physical memory begins; null where it is not found.</summary>
    public required ulong? PageOffsetBase { get; init; }

    /// <summary>How far KASLR has moved the kernel's text, in bytes; null where that is not known.</summary>
    public required ulong? KaslrOffset { get; init; }

    /// <summary>Bytes of physical memory that the source describes.</summary>
    public required ulong MemoryBytes { get; init; }

    /// <summary>The runs of physical memory, in order of address.</summary>
    public required IReadOnlyList<MemoryRange> Ranges { get; init; }

    /// <summary>Who witnesses each fact, by the fact's name in JSON: "pageOffsetBase" by "kallsyms page_offset_base" and "page tables".</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Provenance { get; init; }

    /// <summary>Facts of which witnesses disagree, and damage of the source, a line each; empty where there is none.</summary>
    public required IReadOnlyList<string> Problems { get; init; }

    internal static MachineInfo Of(Analysis.Machine machine)
    {
        InfoReport report = InfoReport.Of(machine);
        return new()
        {
            Source = report.Source,
            Format = report.Format,
            Release = report.Release,
            Banner = report.Banner,
            PagingLevels = report.PagingLevels,
            Root = report.Root.Value,
            PageOffsetBase = report.PageOffsetBase?.Value,
            KaslrOffset = report.KaslrOffset?.Value,
            MemoryBytes = report.MemoryBytes,
            Ranges = [.. machine.Kernel.Memory.Ranges.Select(range => new MemoryRange(range.Start.Value, range.Last.Value + 1))],
            Provenance = report.Provenance,
            Problems = [.. report.Disagreements, .. report.Damage],
        };
    }
}
