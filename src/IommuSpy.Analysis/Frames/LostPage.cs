using IommuSpy.Memory;

namespace IommuSpy.Analysis.Frames;

/// <summary>A page that a process lost because its memory broke: a poison entry stands in its place.</summary>
/// <param name="Pid">The process; null where whose the tables are is not known.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Root">Its top table.</param>
/// <param name="Virtual">Where the page was.</param>
public sealed record LostPage(int? Pid, string? Comm, PhysicalAddress Root, VirtualAddress Virtual)
{
    /// <summary>"name[pid]".</summary>
    internal string Process => Pid is int pid ? $"{Comm ?? "?"}[{pid}]" : $"root {Root}";
}
