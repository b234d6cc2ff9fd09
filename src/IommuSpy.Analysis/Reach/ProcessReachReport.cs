using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Reach;

/// <summary>Every page of a process that a device can get at.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Comm">Its name.</param>
/// <param name="Root">Its top table.</param>
/// <param name="PresentPages">Pages of 4 KiB that its tables map.</param>
/// <param name="ReachedPages">How many of them a device reaches through tables.</param>
/// <param name="Rows">Those, in runs: in order of address, then of device.</param>
/// <param name="Unrestricted">Devices that reach all memory.</param>
/// <param name="Counts">How many devices were asked.</param>
/// <param name="IsCut">Whether there are more rows than are named.</param>
/// <param name="IsWhole">Whether all tables were read.</param>
public sealed record ProcessReachReport(
    int Pid,
    string? Comm,
    PhysicalAddress Root,
    ulong PresentPages,
    ulong ReachedPages,
    IReadOnlyList<ProcessReachRow> Rows,
    IReadOnlyList<UnrestrictedReport> Unrestricted,
    DeviceCounts Counts,
    bool IsCut,
    bool IsWhole)
{
    /// <summary>Asks a machine.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">A process that has memory of its own.</param>
    public static ProcessReachReport Of(Machine machine, KernelTask process)
    {
        PhysicalAddress root = process.Root ?? throw new ArgumentException("it has no memory of its own", nameof(process));
        return new ProcessReach(machine.DeviceReach).Of(process, machine.Kernel.SpaceOf(root));
    }
}
