using IommuSpy.Analysis.Translate;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>What a user address is in one process's space.</summary>
/// <param name="Pid">The process; null where whose the tables are is not known.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Root">The process's top table.</param>
/// <param name="Physical">What it translates to; null where it does not.</param>
/// <param name="PageSize">Bytes of the page; null where there is none.</param>
/// <param name="Rights">"user rw-"; null where there is no page.</param>
/// <param name="Reason">Why there is no physical address; null where there is one.</param>
public sealed record SpaceReport(int? Pid, string? Comm, PhysicalAddress Root, PhysicalAddress? Physical, ulong? PageSize, string? Rights, string? Reason)
{
    /// <summary>A row for each process that goes through the tables.</summary>
    internal static IEnumerable<SpaceReport> Of(Machine machine, TranslationReport walk)
    {
        IReadOnlyList<KernelTask> owners = machine.Parts.OwnersOf(walk.Root);
        SpaceReport report = new(null, null, walk.Root, walk.Physical, walk.PageSize, walk.Rights, walk.Reason);
        return owners.Count == 0 ? [report] : owners.Select(owner => report with { Pid = owner.Pid, Comm = owner.Comm });
    }
}
