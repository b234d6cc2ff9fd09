using IommuSpy.Linux;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Frames;

/// <summary>Every poison entry of every process's page tables, by the page frame that broke. Immutable; safe to share between threads.</summary>
internal sealed class LostPages
{
    private readonly ILookup<PageFrame, LostPage> _byFrame;

    private LostPages(IEnumerable<(PageFrame Frame, LostPage Page)> lost) => _byFrame = lost.ToLookup(pair => pair.Frame, pair => pair.Page);

    /// <summary>Reads every process's page tables.</summary>
    public static LostPages Of(KernelParts parts)
    {
        List<(PageFrame, LostPage)> lost = [];
        foreach (PhysicalAddress root in parts.ProcessTables ?? [])
        {
            AddressSpace space = parts.Kernel.SpaceOf(root);
            Collector collector = new(parts.UserEntries, space.Format);
            EntryWalk.Visit(parts.Kernel.Memory, space, new(0), new(space.LastUserAddress.Value + 1), ref collector);
            foreach ((PageFrame frame, VirtualAddress address) in collector.Found)
            {
                IReadOnlyList<KernelTask> owners = parts.OwnersOf(root);
                lost.AddRange(owners.Count == 0
                    ? [(frame, new(null, null, root, address))]
                    : owners.Select(owner => (frame, new LostPage(owner.Pid, owner.Comm, root, address))));
            }
        }

        return new(lost);
    }

    /// <summary>Those that were a page frame's.</summary>
    public IReadOnlyList<LostPage> Of(PageFrame frame) => [.. _byFrame[frame].OrderBy(page => page.Pid ?? int.MaxValue).ThenBy(page => page.Virtual)];

    private readonly struct Collector(UserEntries entries, TableFormat format) : IEntryVisitor
    {
        public List<(PageFrame Frame, VirtualAddress Address)> Found { get; } = [];

        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry)
        {
            if (entry != 0 && !format.IsPresent(entry) && entries.Read(entry, level) is { Kind: NonPresentKind.HardwarePoison, Frame: PageFrame frame })
            {
                // A huge page of hugetlbfs is lost as a whole.
                for (ulong i = 0; i < pages && i < format.SlotPages(level); i++)
                {
                    Found.Add((new(frame.Number + i), first + (i << PageFrame.Shift)));
                }
            }
        }
    }
}
