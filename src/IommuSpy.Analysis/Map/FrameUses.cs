using System.Collections.Concurrent;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Map;

/// <summary>
/// What every page frame of a machine is used for, a byte each: what a picture of memory is drawn from. A section of 128 MiB is looked through when it is
/// first asked for, and kept. Safe to share between threads.
/// </summary>
internal sealed class FrameUses
{
    private readonly ConcurrentDictionary<ulong, Lazy<byte[]>> _sections = [];
    private readonly HashSet<ulong> _known;
    private readonly Machine _machine;

    /// <summary>Nothing is looked through yet.</summary>
    /// <param name="machine">The machine.</param>
    /// <exception cref="Linux.Types.MissingTypeException">Nothing describes struct page.</exception>
    public FrameUses(Machine machine)
    {
        _machine = machine;
        Sections = [.. machine.Parts.Pages.Required.Array.Sections.Select(section => section.First).OrderBy(first => first.Number)];
        _known = [.. Sections.Select(first => first.Number)];
    }

    /// <summary>The first page frame of each section that has struct pages, in order.</summary>
    public IReadOnlyList<PageFrame> Sections { get; }

    /// <summary>The page frame after the last that has a struct page.</summary>
    public ulong End => Sections.Count == 0 ? 0 : Sections[^1].Number + PageSection.Frames;

    /// <summary>Whether a page frame is in a section that has struct pages.</summary>
    public bool Has(ulong frame) => _known.Contains(frame / PageSection.Frames * PageSection.Frames);

    /// <summary>What a run of page frames is used for, in order; <see cref="PageKind.None"/> of what has no struct page.</summary>
    /// <param name="first">The first page frame.</param>
    /// <param name="kinds">What each is used for.</param>
    public void Fill(ulong first, Span<byte> kinds)
    {
        for (int done = 0; done < kinds.Length;)
        {
            ulong frame = first + (ulong)done;
            ulong start = frame / PageSection.Frames * PageSection.Frames;
            int within = (int)(frame - start);
            int count = Math.Min(kinds.Length - done, PageSection.Frames - within);
            if (_known.Contains(start))
            {
                Section(start).AsSpan(within, count).CopyTo(kinds[done..]);
            }
            else
            {
                // PageKind.None is 0.
                kinds.Slice(done, count).Clear();
            }

            done += count;
        }
    }

    private byte[] Section(ulong start) => _sections.GetOrAdd(start, at => new(() =>
    {
        byte[] kinds = new byte[PageSection.Frames];
        PagesQuery all = new(new(at), new(at + PageSection.Frames - 1), WithOwners: false);
        _ = PageList.Visit(_machine, all, page => kinds[page.Frame.Number - at] = (byte)page.Kind);
        return kinds;
    })).Value;
}
