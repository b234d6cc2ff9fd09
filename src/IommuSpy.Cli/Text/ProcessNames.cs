using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Text;

/// <summary>Processes as people read them.</summary>
internal static class ProcessNames
{
    /// <summary>"workload[173]"; "root 0x0000000001c70000" where whose the tables are is not known.</summary>
    public static string Of(int? pid, string? comm, PhysicalAddress root) => pid is null ? $"root {root}" : $"{Printable.Name(comm ?? "?")}[{pid}]";

    /// <summary>A mapping: who, where, and with which rights.</summary>
    public static string Line(this MapperReport mapper) =>
        $"{Of(mapper.Pid, mapper.Comm, mapper.Root)}  {mapper.Virtual}  {mapper.Rights}  {Size.Text(mapper.PageSize)} page";
}
