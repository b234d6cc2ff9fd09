using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Translate;

/// <summary>A walk beside what the running kernel says of the same page.</summary>
/// <param name="Witness">Who says it: "/proc/173/pagemap".</param>
/// <param name="Says">What it says, in words.</param>
/// <param name="Agrees">Whether it says the same as the walk; null where it cannot tell: page frames are hidden from this user, or the page kept
/// changing.</param>
public sealed record PagemapCheck(string Witness, string Says, bool? Agrees)
{
    private const int MostTries = 8;

    /// <summary>Compares; what changes between the two looks is looked at again.</summary>
    /// <param name="process">The process.</param>
    /// <param name="walk">Walks the address.</param>
    /// <returns>The walk that was compared, and the comparison.</returns>
    internal static TranslationReport Of(RunningProcess process, Func<TranslationReport> walk)
    {
        TranslationReport report = walk();
        string witness = $"/proc/{process.Pid}/pagemap";
        PagemapCheck check = new(witness, "the page changed with every look", null);
        for (int tries = 0; tries < MostTries; tries++)
        {
            PagemapPage? before = process.PageAt(report.Virtual);
            report = walk();
            if (before != process.PageAt(report.Virtual))
            {
                continue;
            }

            check = new(witness, before is PagemapPage page ? Words(page) : "nothing: the process has ended", Agree(report, before));
            if (check.Agrees != false)
            {
                break;
            }
        }

        return report with { Check = check };
    }

    private static string Words(PagemapPage page) => page switch
    {
        { Physical: PhysicalAddress physical } => $"pfn {physical.Frame}",
        { Present: true } => "in memory; its page frame is shown to CAP_SYS_ADMIN alone",
        { SwapType: int type } => $"swap type {type}, offset 0x{page.SwapOffset:x}",
        _ => "not in memory",
    };

    private static bool? Agree(TranslationReport walk, PagemapPage? page)
    {
        // The frame that a PROT_NONE entry keeps counts as in memory, though hardware refuses it.
        PageFrame? frame = walk.Physical?.Frame ?? (walk.NotPresent?.Kind == NonPresentKind.ProtNone ? walk.NotPresent.Pfn : null);
        return page switch
        {
            { Present: true, Physical: null } => frame is null ? false : null,
            { Present: true } => frame == page.Value.Physical?.Frame,
            { SwapType: int type } => frame is null && walk.NotPresent?.SwapType == type,
            _ => frame is null,
        };
    }
}
