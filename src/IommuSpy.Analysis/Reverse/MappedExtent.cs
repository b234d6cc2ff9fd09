using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>
/// A run of pages of one space that follow one another in virtual and in physical memory, alike in rights and size; or a run that maps one page again and
/// again.
/// </summary>
/// <param name="Frame">First page frame.</param>
/// <param name="Virtual">Address of the first.</param>
/// <param name="Leaves">How many leaves it is made of; 32 bytes in all, for a machine has millions of these.</param>
/// <param name="Space">Which of the map's spaces.</param>
/// <param name="PageShift">log2 of a leaf's bytes.</param>
/// <param name="Granted">What all levels together let through: <see cref="AccessRights"/>.</param>
/// <param name="Repeats">Whether every leaf maps the same page, as espfix and KASAN's shadow do.</param>
internal readonly record struct MappedExtent(ulong Frame, ulong Virtual, uint Leaves, int Space, byte PageShift, byte Granted, bool Repeats)
{
    /// <summary>What all levels together let through.</summary>
    public AccessRights Rights => (AccessRights)Granted;

    /// <summary>How many leaves it is made of.</summary>
    public ulong Pages => Leaves;

    /// <summary>Page frames that it covers: of a run that repeats, those of one page.</summary>
    public ulong Frames => (Repeats ? 1UL : Leaves) << (PageShift - PageFrame.Shift);

    /// <summary>The frame after the last.</summary>
    public ulong EndFrame => Frame + Frames;

    /// <summary>The run with one more leaf behind it, or null where the leaf does not continue it.</summary>
    public MappedExtent? With(ulong frame, ulong address, byte pageShift, AccessRights rights)
    {
        if (pageShift != PageShift || rights != Rights || address != Virtual + (Pages << PageShift) || Leaves == uint.MaxValue)
        {
            return null;
        }

        return (Leaves == 1 || !Repeats) && frame == EndFrame ? this with { Leaves = Leaves + 1, Repeats = false }
            : (Leaves == 1 || Repeats) && frame == Frame ? this with { Leaves = Leaves + 1, Repeats = true }
            : null;
    }
}
