using System.Numerics;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// Follows lists that link struct pages, as free blocks are kept. Where the link is in struct page follows from the elements' addresses, and has to be the same
/// for all.
/// </summary>
internal sealed class PageLists(InferenceContext context, ulong vmemmap, ulong bytes)
{
    // Pages are on one list at a time; lists that share them could be followed for ever.
    private const int MostLinks = 1 << 22;
    private const int MostFrames = 1 << 22;

    private readonly ulong _arrayBytes = context.Kernel.Memory.Ranges.Count == 0 ? 0
        : ((context.Kernel.Memory.Ranges[^1].Last.Value / PageFrame.Size) + 1) * bytes;

    private int _links;

    /// <summary>Where the link is in struct page; null until a list has an element.</summary>
    public int? LinkAt { get; private set; }

    /// <summary>Lists of pages where the array of struct page and their size are known.</summary>
    public static PageLists? Of(InferenceContext context) =>
        context.Kernel.Facts.VmemmapBase is { } vmemmap && context.Kernel.StructPageBytes is int bytes and > 0 and <= 256
            ? new(context, vmemmap.Value.Value, (ulong)bytes) : null;

    /// <summary>The struct page's address of a page frame.</summary>
    public ulong Page(ulong frame) => vmemmap + (frame * bytes);

    /// <summary>
    /// The page frames whose flags, at an offset of struct page, have a bit of a mask, up to <paramref name="most"/>, of the first 16 GiB of memory.
    /// </summary>
    public IEnumerable<PageFrame> Flagged(int flags, ulong mask, int most) =>
         context.Kernel.Memory.Ranges
            .SelectMany(Frames)
            .Take(MostFrames)
            .Where(frame => (context.Read(Page(frame.Number), flags) & mask) != 0)
            .Take(most);

    /// <summary>Whether a list_head could head such a list: it leads to itself or to a struct page that leads back.</summary>
    public bool IsHead(ulong head)
    {
        ulong next = context.Memory.WordOrZero(head);
        ulong previous = context.Memory.WordOrZero(head + sizeof(ulong));
        return next == head ? previous == head
            : IsLink(next) && IsLink(previous) && context.Memory.WordOrZero(next + sizeof(ulong)) == head && context.Memory.WordOrZero(previous) == head;
    }

    /// <summary>Forgets where the link is.</summary>
    public void Restart() => LinkAt = null;

    /// <summary>
    /// The page frames on a list, up to <paramref name="most"/>; null where it is none, or where an element is linked in another place than others are.
    /// </summary>
    public List<ulong>? Follow(ulong head, int most)
    {
        List<ulong> frames = [];
        ulong before = head;
        for (ulong at = context.Memory.WordOrZero(head); at != head; at = context.Memory.WordOrZero(at))
        {
            if (!IsLink(at) || context.Memory.WordOrZero(at + sizeof(ulong)) != before)
            {
                return null;
            }

            int link = (int)((at - vmemmap) % bytes);
            if (link != (LinkAt ??= link) || _links++ == MostLinks)
            {
                return null;
            }

            frames.Add((at - vmemmap) / bytes);
            if (frames.Count == most)
            {
                return frames;
            }

            before = at;
        }

        return context.Memory.WordOrZero(head + sizeof(ulong)) == before ? frames : null;
    }

    /// <summary>Whether a page frame begins a block of 2^<paramref name="order"/> pages.</summary>
    public static bool Begins(ulong frame, int order) => BitOperations.TrailingZeroCount(frame) >= order;

    private static IEnumerable<PageFrame> Frames(PhysicalRange range)
    {
        for (ulong frame = range.Start.Frame.Number; frame <= range.Last.Frame.Number; frame++)
        {
            yield return new(frame);
        }
    }

    private bool IsLink(ulong value) => value - vmemmap < _arrayBytes && value % sizeof(ulong) == 0;
}
