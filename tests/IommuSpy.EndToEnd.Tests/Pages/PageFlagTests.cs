using System.Runtime.InteropServices;
using IommuSpy.Analysis;
using IommuSpy.Linux.Pages;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>Every page frame's struct page, against what the guest's kernel computed of each: /proc/kpageflags and /proc/kpagecount.</summary>
public class PageFlagTests
{
    // The kernel goes on a little after it wrote the files: slabs come and go, a slab's counters lie where other pages say whether they are anonymous, and
    // kernels since 6.17 sample which pages are idle (mm/damon/stat.c). Seldom a thread of the kernel takes or gives back a page or two of other kinds: a page
    // that is read wrongly is none of those, for it is wrong wherever the kernel says the same of a page.
    private const StablePageFlags Turnover =
        StablePageFlags.Slab | StablePageFlags.Buddy | StablePageFlags.CompoundHead | StablePageFlags.CompoundTail | StablePageFlags.Anonymous
            | StablePageFlags.Ksm;

    private const StablePageFlags Motion = StablePageFlags.Idle | StablePageFlags.Referenced | StablePageFlags.Active;
    private const int MostDifferences = 64;
    private const int MostUnexplained = 16;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Flags_and_counts_equal_the_kernels_for_every_page_frame(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        MemoryPages pages = machine.Parts.Pages.Required;
        HashSet<ulong> keptByCpus = KeptByCpus(machine);
        StablePageFlags[] theirs = [.. Oracle(guest, "kpageflags").Select(entry => (StablePageFlags)entry)];

        // Before 4.18 the kernel showed as a count what free blocks and other typed pages keep in its place: a negative number (fs/proc/page.c,
        // kpagecount_read).
        ulong[] counts = [.. Oracle(guest, "kpagecount").Select(count => (long)count < 0 ? 0 : count)];

        // Before 5.4 the kernel ended with the last page of memory, not of the section (fs/proc/page.c, get_max_dump_pfn).
        Assert.InRange((long)(pages.Array.End.Number - (ulong)theirs.Length), 0, PageSection.Frames - 1);
        PageCursor cursor = new(pages, new byte[1 << 16]);
        List<string> differences = [];
        List<(StablePageFlags Theirs, string Text)> unexplained = [];
        HashSet<StablePageFlags> readRight = [];
        for (int i = 0; i < theirs.Length; i++)
        {
            PageFrame frame = new((ulong)i);
            bool shown = pages.Array.SectionOf(frame)?.Shows(frame) == true;
            if (shown && !cursor.MoveTo(frame))
            {
                Assert.Fail($"{frame}: kernel {theirs[i]}; its struct page cannot be read");
            }

            (StablePageFlags ours, ulong count) = shown ? (cursor.StableFlags, cursor.MapCount) : (StablePageFlags.Nopage, 0);
            bool isTakenByCpu = theirs[i] == StablePageFlags.Buddy && ours == StablePageFlags.None && keptByCpus.Contains(frame.Number);
            if ((ours != theirs[i] && !isTakenByCpu) || count != counts[i])
            {
                string difference = $"{frame}: kernel {theirs[i]} x {counts[i]}, ours {ours} x {count}";
                differences.Add(difference);
                if (!IsTurnover(theirs[i], ours, count == counts[i]))
                {
                    unexplained.Add((theirs[i], difference));
                }
            }
            else
            {
                readRight.Add(ours);
            }
        }

        Assert.All(unexplained, page => Assert.True(readRight.Contains(page.Theirs), $"no page frame of this kind is read right: {page.Text}"));
        Assert.True(unexplained.Count <= MostUnexplained,
            $"{unexplained.Count} page frames differ in what an idle kernel does not "
                + $"change: {string.Join("; ", unexplained.Select(page => page.Text).Take(5))}");
        Assert.True(differences.Count <= MostDifferences, $"{differences.Count} page frames differ: {string.Join("; ", differences.Take(5))}");
        TestContext.Current.SendDiagnosticMessage($"{guest}: {differences.Count} of {theirs.Length} page frames changed after the kernel wrote them down");
    }

    /// <summary>
    /// A page that is looked at by itself says the same as in a pass over all: free blocks and compound pages are found from their middle too.
    /// </summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_single_page_says_what_it_says_in_a_pass(string guest)
    {
        MemoryPages pages = GuestMachine.Open(guest, "ram.raw").Parts.Pages.Required;
        PageCursor pass = new(pages, new byte[1 << 16]);
        byte[] copy = new byte[256];
        int compared = 0;
        foreach (PageSection section in pages.Array.Sections.Take(4))
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                Assert.True(pass.MoveTo(frame));
                if (i % 5 != 0)
                {
                    continue;
                }

                PageCursor single = new(pages, copy);
                Assert.True(single.MoveTo(frame));
                compared++;
                if ((pass.StableFlags, pass.MapCount, pass.Folio.Head.Frame) != (single.StableFlags, single.MapCount, single.Folio.Head.Frame))
                {
                    Assert.Fail($"{frame}: {pass.StableFlags} in a pass, {single.StableFlags} alone");
                }
            }
        }

        Assert.True(compared > 20_000);
    }

    // A CPU takes free pages from a zone by the dozen (mm/page_alloc.c, rmqueue_bulk): each is on one of its lists then, and bears no flag any more.
    private static HashSet<ulong> KeptByCpus(Machine machine) =>
    [
        .. machine.Parts.Zones.Value?.Zones.SelectMany(zone => zone.CpuLists).SelectMany(list => list.Blocks)
            .SelectMany(block => Enumerable.Range(0, 1 << block.Order).Select(page => block.First.Number + (ulong)page)) ?? [],
    ];

    private static bool IsTurnover(StablePageFlags theirs, StablePageFlags ours, bool sameCount)
    {
        StablePageFlags changed = theirs ^ ours;
        bool slab = (theirs | ours).HasFlag(StablePageFlags.Slab);
        bool listed = (theirs & ours).HasFlag(StablePageFlags.Lru);
        return sameCount && ((slab && (changed | Turnover) == Turnover) || (listed && (changed | Motion) == Motion));
    }

    private static ulong[] Oracle(string guest, string name) =>
        MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes(Guests.Capture(guest).GuestOracle(name))).ToArray();
}
