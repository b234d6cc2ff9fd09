using IommuSpy.Translation;

namespace IommuSpy.Analysis.Reverse;

/// <summary>
/// A run of pages of one space that follow one another in virtual and in physical memory, alike in rights and size; or a run that maps one page again and
/// again.
/// </summary>
/// <param name="Frame">First page frame.</param>
/// <param name="Frames">Page frames that it covers: of a run that repeats, those of one page.</param>
/// <param name="Virtual">Address of the first.</param>
/// <param name="Pages">How many leaves it is made of.</param>
/// <param name="Space">Which of the map's spaces.</param>
/// <param name="PageShift">log2 of a leaf's bytes.</param>
/// <param name="Rights">What all levels together let through.</param>
/// <param name="Repeats">Whether every leaf maps the same page, as espfix and KASAN's shadow do.</param>
internal readonly record struct MappedExtent(ulong Frame, ulong Frames, ulong Virtual, ulong Pages, int Space, byte PageShift, AccessRights Rights,
    bool Repeats)
{
    /// <summary>The frame after the last.</summary>
    public ulong EndFrame => Frame + Frames;

    /// <summary>The run with one more leaf behind it, or null where the leaf does not continue it.</summary>
    public MappedExtent? With(ulong frame, ulong address, byte pageShift, AccessRights rights)
    {
        ulong page = 1UL << (pageShift - 12);
        if (pageShift != PageShift || rights != Rights || address != Virtual + (Pages << PageShift))
        {
            return null;
        }

        return (Pages == 1 || !Repeats) && frame == EndFrame ? this with { Frames = Frames + page, Pages = Pages + 1, Repeats = false }
            : (Pages == 1 || Repeats) && frame == Frame ? this with { Pages = Pages + 1, Repeats = true }
            : null;
    }
}
