using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Translate;

namespace IommuSpy;

/// <summary>One address's way through page tables: a CPU's, or an IOMMU's. Null is a stated absence.</summary>
public sealed record Walk
{
    /// <summary>The address that was asked for: virtual, or of a device.</summary>
    public required ulong Address { get; init; }

    /// <summary>The physical address of the top-level table; null where no table was walked.</summary>
    public required ulong? Root { get; init; }

    /// <summary>The physical address that it translates to; null where <see cref="Reason"/> says why there is none.</summary>
    public required ulong? Physical { get; init; }

    /// <summary>Bytes of the page; null where there is none.</summary>
    public required ulong? PageSize { get; init; }

    /// <summary>The entries that were read, from the top.</summary>
    public required IReadOnlyList<WalkStep> Steps { get; init; }

    /// <summary>What all levels together let through: "user rw-" of a CPU, "rw" of a device; null where nothing is.</summary>
    public required string? Rights { get; init; }

    /// <summary>Why there is no physical address; null where there is one.</summary>
    public required string? Reason { get; init; }

    internal static Walk Of(TranslationReport report) => new()
    {
        Address = report.Virtual.Value,
        Root = report.Root.Value,
        Physical = report.Physical?.Value,
        PageSize = report.PageSize,
        Steps = [.. report.Steps.Select(step => new WalkStep(step.Level, step.Index, step.EntryAddress.Value, step.Entry.Value, step.Flags))],
        Rights = report.Rights,
        Reason = report.Reason,
    };

    internal static Walk Of(IovaExplanation report) => new()
    {
        Address = report.Iova.Value,
        Root = report.Details.Root?.Value,
        Physical = report.Physical?.Value,
        PageSize = report.PageSize,
        Steps =
        [
            .. report.Steps.Select(step =>
                new WalkStep(step.Level, step.Index, step.EntryAddress.Value, step.Entry.Value, step.Rights is string rights ? [rights] : [])),
        ],
        Rights = report.Rights,
        Reason = report.Reason,
    };
}
