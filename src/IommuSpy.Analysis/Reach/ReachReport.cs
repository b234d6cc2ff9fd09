using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Reach;

/// <summary>Every device that can get at a physical byte.</summary>
/// <param name="Physical">The physical address.</param>
/// <param name="Pfn">Its page frame.</param>
/// <param name="MemoryRange">The run of the image's memory that holds it; null where the image lacks it.</param>
/// <param name="Symbol">The symbol of the kernel's image that it belongs to; null for none.</param>
/// <param name="Devices">Devices that reach it through tables, by address; several rows where one has it at several addresses.</param>
/// <param name="Unrestricted">Devices that reach all memory.</param>
/// <param name="Counts">How many devices were asked.</param>
/// <param name="IsCut">Whether there are more rows than are named.</param>
/// <param name="IsWhole">Whether all tables were read; where not, more devices may reach it.</param>
/// <param name="Absence">Why devices are not known; null where they are.</param>
/// <param name="Use">What it is where it is not memory that the kernel uses, in words; null for memory.</param>
public sealed record ReachReport(
    PhysicalAddress Physical,
    PageFrame Pfn,
    RangeReport? MemoryRange,
    string? Symbol,
    IReadOnlyList<ReacherReport> Devices,
    IReadOnlyList<UnrestrictedReport> Unrestricted,
    DeviceCounts Counts,
    bool IsCut,
    bool IsWhole,
    string? Absence,
    string? Use)
{
    /// <summary>Why the image has no bytes of it, behind "is": "left out of the image when it was made"; null where it has them.</summary>
    public string? ContentAbsence { get; init; }

    /// <summary>Whether any device reaches it.</summary>
    public bool IsReached => Devices.Count + Unrestricted.Count > 0;

    /// <summary>Asks a machine.</summary>
    public static ReachReport Of(Machine machine, PhysicalAddress physical)
    {
        DeviceReach reach = machine.DeviceReach;
        IReadOnlyList<DeviceReacher> reachers = reach.ReachersOf(physical.Frame);
        ulong within = physical.Value % PageFrame.Size;
        SymbolOffset? symbol = machine.Parts.SymbolAt(physical);
        return new(
            physical,
            physical.Frame,
            RangeReport.Around(machine.Kernel.Memory, physical),
            symbol?.ToString(),
            [.. reachers.Select(reacher => ReacherReport.Of(reacher, within))],
            [.. reach.Unrestricted.Select(UnrestrictedReport.Of)],
            DeviceCounts.Of(reach.Devices),
            reachers.Count == DeviceReach.MostReachers,
            reach.IsWhole,
            reach.Devices.Count > 0 ? null : machine.Devices.FunctionsAbsence ?? "the kernel knows no PCI device",
            machine.UnusualFrames.UseOf(physical.Frame)?.ToString())
        {
            ContentAbsence = machine.Kernel.Memory.AbsenceOf(physical),
        };
    }
}
