using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Reverse;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Who;

/// <summary>Everyone who maps a physical page.</summary>
/// <param name="Physical">The physical address asked for.</param>
/// <param name="Pfn">Its page frame.</param>
/// <param name="MemoryRange">The run of the image's memory that holds it; null where the image lacks it.</param>
/// <param name="Processes">Every user address of it, by pid and address.</param>
/// <param name="Kernel">Every kernel address of it.</param>
/// <param name="PageTable">The page table that lives in it; null where none does.</param>
/// <param name="Page">What the kernel keeps of it in its struct page; null where <paramref name="PageAbsence"/> says why.</param>
/// <param name="PageAbsence">Why there is nothing of a struct page; null where there is.</param>
/// <param name="Reach">Every device that can get at it.</param>
/// <param name="IsCut">Whether there are more addresses than are named.</param>
/// <param name="IsWhole">Whether every page table was read; where not, there may be more addresses.</param>
public sealed record WhoReport(
    PhysicalAddress Physical,
    PageFrame Pfn,
    RangeReport? MemoryRange,
    IReadOnlyList<MapperReport> Processes,
    IReadOnlyList<AliasReport> Kernel,
    PageTableReport? PageTable,
    PageReport? Page,
    string? PageAbsence,
    ReachReport Reach,
    bool IsCut,
    bool IsWhole)
{
    /// <summary>The name that was asked for, where it is one of several: "runqueues:1" of a per-CPU symbol; null otherwise.</summary>
    public string? Name { get; init; }

    /// <summary>Why the image has no bytes of it, behind "is": "left out of the image when it was made"; null where it has them.</summary>
    public string? ContentAbsence { get; init; }

    /// <summary>Asks a machine.</summary>
    public static WhoReport Of(Machine machine, PhysicalAddress physical)
    {
        ReverseMap map = machine.ReverseMap;
        IReadOnlyList<PageMapper> mappers = map.MappersOf(physical.Frame);
        ulong within = physical.Value % PageFrame.Size;
        (PageReport? page, string? absence) = PageOf(machine, physical.Frame);
        return new(
            physical,
            physical.Frame,
            RangeReport.Around(machine.Kernel.Memory, physical),
            [.. mappers.Where(mapper => mapper.Root is not null).SelectMany(mapper => MapperReport.Of(machine, mapper, within))
                .OrderBy(mapper => mapper.Pid ?? int.MaxValue)],
            [.. mappers.Where(mapper => mapper.Root is null).Select(mapper => AliasReport.Of(machine, mapper.Address + within, mapper.Rights))],
            map.TableIn(physical.Frame) is { } table ? new(table.Root, table.Level, machine.Kernel.Mode.Format.LevelName(table.Level), table.First) : null,
            page,
            absence,
            ReachReport.Of(machine, physical),
            mappers.Count == ReverseMap.MostMappers,
            map.IsWhole)
        {
            ContentAbsence = machine.Kernel.Memory.AbsenceOf(physical),
        };
    }

    private static (PageReport? Page, string? Absence) PageOf(Machine machine, PageFrame frame)
    {
        return !Part.Read(() => PageReport.Of(machine, frame)).TryGet(out PageReport? page, out string? absence) ? (null, absence)
            : page.Kind == PageKind.None ? (null, "the kernel keeps no struct page of it")
            : (page, null);
    }
}
