using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

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
    /// <param name="entryMask">Clears the C-bit.</param>
    public static StepReport Of(TranslationStep step, ulong entryMask)
    {
        IEnumerable<string> flags = step.Present ? X64Entry.FlagNames(step.Entry & entryMask, step.Level) : [];
        if (step.Present && (step.Entry & ~entryMask) != 0)
        {
            flags = flags.Append("C");
        }

        return new(step.Level, X64Entry.LevelName(step.Level), step.Index, step.EntryAddress, new(step.Entry), [.. flags]);
    }
}
