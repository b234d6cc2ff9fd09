using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Translate;

/// <summary>One page-table entry of a walk.</summary>
/// <param name="Level">5 or 4 at the top, 1 for a PTE.</param>
/// <param name="Table">What the level's table is called: "PML4".</param>
/// <param name="Index">Which entry, from 0.</param>
/// <param name="EntryAddress">Where it stands.</param>
/// <param name="Entry">The entry.</param>
/// <param name="Flags">Its flags by the manual's names; empty for one that is not present.</param>
public sealed record StepReport(int Level, string Table, int Index, PhysicalAddress EntryAddress, HexValue Entry, IReadOnlyList<string> Flags)
{
    /// <summary>The report of a step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="mode">How the CPU reads the tables.</param>
    public static StepReport Of(TranslationStep step, PagingMode mode)
    {
        IEnumerable<string> flags = step.Present ? mode.Format.FlagNames(step.Entry & mode.EntryMask, step.Level) : [];
        if (step.Present && (step.Entry & ~mode.EntryMask) != 0)
        {
            flags = flags.Append("C");
        }

        return new(step.Level, mode.Format.LevelName(step.Level), step.Index, step.EntryAddress, new(step.Entry), [.. flags]);
    }
}
