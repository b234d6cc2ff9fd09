using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Race;

/// <summary>The addresses that everyone translates: all from one process's tables, which map both halves.</summary>
internal sealed class AddressLists
{
    // At least this many in each timed list, so that one pass takes long enough to time.
    private const int Fewest = 65_536;

    private const int Seed = 20_08; // any: the lists of two runs on one image are the same

    // espfix maps one page 65,536 times through one shared table (arch/x86/kernel/espfix_64.c): most 4 KiB leaves of a small guest, and all of
    // them in one cache line's reach. Timing those would flatter everyone.
    private const ulong EspfixFirst = 0xffff_ff00_0000_0000;
    private const ulong EspfixLast = 0xffff_ff7f_ffff_ffff;

    private AddressLists(IReadOnlyList<ulong> smallPages, IReadOnlyList<ulong> largePages, IReadOnlyList<ulong> every)
    {
        // Different words of each page, until there are enough: each is a walk of all levels.
        int words = (Fewest + smallPages.Count - 1) / smallPages.Count;
        SmallSequential =
            [.. smallPages.SelectMany(page => Enumerable.Range(0, words), (page, word) => page + ((ulong)word * (PageFrame.Size / (ulong)words) & ~7UL))];
        LargeSequential = [.. largePages];
        SmallShuffled = Shuffled(SmallSequential);
        LargeShuffled = Shuffled(LargeSequential);
        Check = [.. every];
    }

    /// <summary>Addresses in 4 KiB pages, kernel and user, in order.</summary>
    public ulong[] SmallSequential { get; }

    /// <summary>The same in no order.</summary>
    public ulong[] SmallShuffled { get; }

    /// <summary>One address of each 4 KiB of the kernel's and the process's large pages, in order: the direct map, nearly all.</summary>
    public ulong[] LargeSequential { get; }

    /// <summary>The same in no order.</summary>
    public ulong[] LargeShuffled { get; }

    /// <summary>
    /// Not timed: the first and last byte of every leaf, espfix too, the bytes beside them, and addresses at random, most of them not mapped.
    /// </summary>
    public ulong[] Check { get; }

    /// <summary>Gathers the lists from the tables of a space.</summary>
    public static AddressLists Of(AddressSpace space)
    {
        Collector collector = new(space);
        space.Visit(ref collector);
        Random random = new(Seed);
        List<ulong> check = collector.Edges;
        for (int i = 0; i < Fewest; i++)
        {
            // Halves in turn, canonical; a walk of addresses that are not would only test who masks them.
            ulong within = (ulong)random.NextInt64() & ((1UL << (space.AddressBits - 1)) - 1);
            check.Add(i % 2 == 0 ? within : within | (ulong.MaxValue << (space.AddressBits - 1)));
        }

        return new(collector.SmallPages, collector.LargePages, check);
    }

    private static ulong[] Shuffled(ulong[] addresses)
    {
        ulong[] copy = [.. addresses];
        new Random(Seed).Shuffle(copy);
        return copy;
    }

    private readonly struct Collector(AddressSpace space) : ICpuLeafVisitor
    {
        public List<ulong> SmallPages { get; } = [];

        public List<ulong> LargePages { get; } = [];

        public List<ulong> Edges { get; } = [];

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            ulong first = leaf.Address.Value;
            ulong last = first + (leaf.Bytes - 1);
            Edges.Add(first);
            Edges.Add(last);
            if (space.IsCanonical(new(first - 1)) && space.IsCanonical(new(last + 1)))
            {
                Edges.Add(first - 1);
                Edges.Add(last + 1);
            }

            if (leaf.Level > 1)
            {
                for (ulong page = first; page < last; page += PageFrame.Size)
                {
                    LargePages.Add(page);
                }
            }
            else if (first is < EspfixFirst or > EspfixLast)
            {
                SmallPages.Add(first);
            }
        }
    }
}
