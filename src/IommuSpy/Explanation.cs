namespace IommuSpy;

/// <summary>What an address is: what `iommu-spy explain` answers. Null is a stated absence.</summary>
public sealed record Explanation
{
    /// <summary>The address that was asked for.</summary>
    public required ulong Address { get; init; }

    /// <summary>Which kind of address it is: "kernel logical address", "user virtual address", "physical address".</summary>
    public required string Kind { get; init; }

    /// <summary>The region of the kernel's virtual memory map that holds it: "direct map"; null for a physical address.</summary>
    public required string? Region { get; init; }

    /// <summary>The symbol at or before it, with the distance: "init_task+0x8"; null where none reaches.</summary>
    public required string? Symbol { get; init; }

    /// <summary>What it holds, as far as its region tells: "object of slab cache kmalloc-2k, ..."; null where it does not.</summary>
    public required string? Content { get; init; }

    /// <summary>Of a user address of one process, the process; null otherwise.</summary>
    public required int? Pid { get; init; }

    /// <summary>The way through the page tables; null for a physical address, and for a user address that was asked of all processes.</summary>
    public required Walk? Walk { get; init; }

    /// <summary>The sum that leads to the same physical address without tables; null where there is none.</summary>
    public required string? Arithmetic { get; init; }

    /// <summary>The physical address; null where it has none.</summary>
    public required ulong? Physical { get; init; }

    /// <summary>What the kernel keeps of the physical page; null where <see cref="PageAbsence"/> says why, and without a physical address.</summary>
    public required Page? Page { get; init; }

    /// <summary>Why nothing is known of the page; null where something is.</summary>
    public required string? PageAbsence { get; init; }

    /// <summary>Every other kernel address of the same physical page, of thousands the lowest 1024, and where its struct page is.</summary>
    public required IReadOnlyList<KernelAlias> AlsoAt { get; init; }

    /// <summary>Every process that maps the same physical page, and where; of a user address its own space is left out.</summary>
    public required IReadOnlyList<Mapper> MappedBy { get; init; }

    /// <summary>Every device that can get at the physical page; null without a physical address.</summary>
    public required Reach? Devices { get; init; }

    /// <summary>Of a user address that was asked of all processes: what it is in each that has something there; empty otherwise.</summary>
    public required IReadOnlyList<ProcessAddress> Processes { get; init; }

    internal static Explanation Of(Analysis.Explain.Explanation report) => new()
    {
        Address = report.Address.Value,
        Kind = report.Kind,
        Region = report.Region?.Name,
        Symbol = report.Symbol,
        Content = report.Content,
        Pid = report.Pid,
        Walk = report.Walk is { } walk ? Walk.Of(walk) : null,
        Arithmetic = report.Arithmetic,
        Physical = report.Physical?.Value,
        Page = report.Page is { } page ? Page.Of(page) : null,
        PageAbsence = report.PageAbsence,
        AlsoAt = [.. report.AlsoAt.Select(alias => new KernelAlias(alias.Virtual.Value, alias.What, alias.Rights))],
        MappedBy = [.. report.MappedBy.Select(Mapper.Of)],
        Devices = report.Reach is { } reach ? Reach.Of(reach) : null,
        Processes =
        [
            .. report.Spaces.Select(space =>
                new ProcessAddress(space.Pid, space.Comm, space.Root.Value, space.Physical?.Value, space.PageSize, space.Rights, space.Reason)),
        ],
    };
}
