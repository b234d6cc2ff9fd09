namespace IommuSpy;

/// <summary>A process that maps a physical byte.</summary>
/// <param name="Pid">The process; null where whose the tables are is not known.</param>
/// <param name="Comm">Its name; null where that is not known.</param>
/// <param name="Root">The physical address of its top-level page table.</param>
/// <param name="Address">The virtual address in that process.</param>
/// <param name="Rights">"user rw-".</param>
/// <param name="PageSize">Bytes of the page that maps it.</param>
public sealed record Mapper(int? Pid, string? Comm, ulong Root, ulong Address, string Rights, ulong PageSize)
{
    internal static Mapper Of(Analysis.Who.MapperReport report) =>
        new(report.Pid, report.Comm, report.Root.Value, report.Virtual.Value, report.Rights, report.PageSize);
}
