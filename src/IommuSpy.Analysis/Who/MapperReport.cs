using IommuSpy.Analysis.Reverse;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Who;

/// <summary>A user address of a physical byte.</summary>
/// <param name="Pid">The process; null where whose the tables are is not known.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Root">The process's top table.</param>
/// <param name="Virtual">The address in that space.</param>
/// <param name="Rights">"user rw-".</param>
/// <param name="PageSize">Bytes of the page that maps it.</param>
public sealed record MapperReport(int? Pid, string? Comm, PhysicalAddress Root, VirtualAddress Virtual, string Rights, ulong PageSize)
{
    /// <summary>A row for each process that goes through the tables.</summary>
    internal static IEnumerable<MapperReport> Of(Machine machine, PageMapper mapper, ulong within)
    {
        IReadOnlyList<KernelTask> owners = machine.Parts.OwnersOf(mapper.Root!.Value);
        MapperReport report = new(null, null, mapper.Root.Value, mapper.Address + within, RightsText.Of(mapper.Rights), mapper.PageSize);
        return owners.Count == 0 ? [report] : owners.Select(owner => report with { Pid = owner.Pid, Comm = owner.Comm });
    }
}
