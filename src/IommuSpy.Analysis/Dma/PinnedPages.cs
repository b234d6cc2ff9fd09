using IommuSpy.Linux;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>What an IOMMU maps of the memory that a process gave to its devices, beside what the process has there now.</summary>
internal static class PinnedPages
{
    private const int MostOutdated = 1 << 16;

    /// <summary>How many pages of 4 KiB the IOMMU maps of a range.</summary>
    /// <param name="space">The devices' tables.</param>
    /// <param name="range">What was given.</param>
    public static ulong CountOf(IoAddressSpace space, GivenRange range)
    {
        Counter counter = new(range);
        space.Visit(range.Iova, range.Iova + (range.Bytes - 1), ref counter);
        return counter.Pages;
    }

    /// <summary>Pages of which the process has another one now, or none, in order of the devices' addresses; of very many the first.</summary>
    /// <param name="parts">The kernel.</param>
    /// <param name="space">The devices' tables.</param>
    /// <param name="range">What was given.</param>
    public static IReadOnlyList<OutdatedPin> OutdatedOf(KernelParts parts, IoAddressSpace space, GivenRange range)
    {
        if (range.Process?.Root is not PhysicalAddress root)
        {
            return [];
        }

        Comparer comparer = new(parts, parts.Kernel.SpaceOf(root), range, new(parts.Kernel.Memory.Budget, Work.Pages, long.MaxValue));
        space.Visit(range.Iova, range.Iova + (range.Bytes - 1), ref comparer);
        comparer.Allowance.Finish();
        return comparer.Outdated;
    }

    // The part of a leaf that a range has: a leaf may be larger.
    private static (ulong First, ulong Pages) Within(in IoLeaf leaf, GivenRange range)
    {
        ulong first = Math.Max(leaf.Address.Value, range.Iova.Value);
        ulong last = Math.Min(leaf.Address.Value + (leaf.Length - 1), range.Iova.Value + (range.Bytes - 1));
        return (first, last < first ? 0 : ((last - first) >> PageFrame.Shift) + 1);
    }

    private struct Counter(GivenRange range) : IIoLeafVisitor
    {
        public ulong Pages;

        public void Leaf(in IoLeaf leaf) => Pages += leaf.Rights == AccessRights.None ? 0 : Within(leaf, range).Pages;
    }

    private struct Comparer(KernelParts parts, AddressSpace process, GivenRange range, WorkAllowance allowance) : IIoLeafVisitor
    {
        public readonly List<OutdatedPin> Outdated = [];
        public WorkAllowance Allowance = allowance;

        public void Leaf(in IoLeaf leaf)
        {
            (ulong first, ulong pages) = leaf.Rights == AccessRights.None ? default : Within(leaf, range);
            for (ulong i = 0; i < pages && Outdated.Count < MostOutdated && Allowance.TryUse(); i++)
            {
                ulong at = first + (i << PageFrame.Shift);
                Compare(range.Virtual + (at - range.Iova.Value), new(at), leaf.Physical + (at - leaf.Address.Value));
            }
        }

        // Registers of a device leave the process's tables while they are off: only memory is pinned.
        private readonly void Compare(VirtualAddress address, IoVirtualAddress iova, PhysicalAddress pinned)
        {
            if ((process.TryTranslate(address, out PhysicalAddress found) && found == pinned) || !parts.Kernel.Memory.IsMemory(pinned))
            {
                return;
            }

            AddressTranslation way = process.Translate(address);
            PageFrame? now = way.Physical?.Frame;
            if (way is { Outcome: TranslationOutcome.NotPresent, Last: { } last })
            {
                // Hardware does not use the entry of a page that its process may not touch for a while, and the kernel does: the page is there.
                UserEntry entry = parts.UserEntries.Read(last.Entry, last.Level);
                if (entry.Present && (last.Level > 1 || entry.Frame == pinned.Frame))
                {
                    return;
                }

                now = entry.Present ? entry.Frame : null;
            }
            else if (now is null)
            {
                // A table that the image lacks: nothing is known.
                return;
            }

            Outdated.Add(new(iova, pinned.Frame, range.Process!, address, now));
        }
    }
}
