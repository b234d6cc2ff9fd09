using CsCheck;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

/// <summary>
/// Pages of random entries that point at one another, at themselves, outside the image and across its edge: what a hostile image can hold.
/// Few indexes are used, so that random addresses often hit. <see cref="Leaves()"/> walks them again, by the manual and with no thought of speed.
/// </summary>
internal sealed class RandomTables
{
    private const int Pages = 6;
    private const ulong AddressBits = 0x000f_ffff_ffff_f000;

    // RAM ends inside the last page: of a table there, half is in the image.
    private const ulong RamBytes = ((Pages - 1) * PageFrame.Size) + (PageFrame.Size / 2);

    private static readonly int[] Indexes = [0, 1, 255, 256, 511];
    private static readonly Gen<int> GenIndex = Gen.Int[0, Indexes.Length - 1].Select(i => Indexes[i]);

    // A table entry, mostly; else a leaf of each size, one with random flags, one outside the image, one not present, any 64 bits.
    private static readonly Gen<ulong> GenEntry = Gen.Select(Gen.Int[0, 15], Gen.Int[0, Pages - 1], Gen.ULong).Select((kind, page, random) =>
    {
        ulong flags = random & (X64Entry.NoExecute | X64Entry.Writable | X64Entry.UserAccess);
        ulong toPage = ((ulong)page * PageFrame.Size) | X64Entry.Present;
        return kind switch
        {
            < 9 => toPage | flags,
            9 => (random & 0x000f_ffff_ffe0_0000) | X64Entry.PageSize | X64Entry.Present | flags,
            10 => (random & 0x000f_ffff_c000_0000) | X64Entry.PageSize | X64Entry.Present | flags,
            11 => toPage | (random & ~AddressBits),
            12 => (random & AddressBits) | X64Entry.Present | flags,
            13 => random & ~X64Entry.Present,
            14 => toPage | X64Entry.PageSize | flags,
            _ => random,
        };
    });

    private readonly Dictionary<ulong, ulong> _words = [];

    private RandomTables(int levels, int rootPage, (int Page, int Index, ulong Entry)[] entries)
    {
        Levels = levels;
        Root = (ulong)rootPage * PageFrame.Size;
        foreach ((int page, int index, ulong entry) in entries)
        {
            _words[((ulong)page * PageFrame.Size) + ((ulong)index * sizeof(ulong))] = entry;
        }
    }

    internal static Gen<RandomTables> GenTables { get; } = Gen.Select(
        Gen.Int[4, 5],
        Gen.Int[0, Pages - 1],
        Gen.Select(Gen.Int[0, Pages - 1], GenIndex, GenEntry).Array[6, 40],
        (levels, root, entries) => new RandomTables(levels, root, entries));

    /// <summary>Addresses not sign-extended, of the indexes that the tables use.</summary>
    internal static Gen<ulong> GenAddress { get; } =
        Gen.Select(GenIndex.Array[5], Gen.ULong[0, 4095])
            .Select((indexes, offset) => indexes.Aggregate(0UL, (address, index) => (address << 9) | (uint)index) << 12 | offset);

    internal int Levels { get; }

    internal ulong Root { get; }

    internal BuiltMemory Build(Backing backing)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), RamBytes);
        foreach ((ulong address, ulong word) in _words)
        {
            memory.Write(new(address), word);
        }

        return memory.Build(backing);
    }

    /// <summary>Every leaf in address order, with what it translates to and the rights of its path.</summary>
    internal IEnumerable<NaiveLeaf> Leaves() => Leaves(Root, Levels, 0, AccessRights.Read | AccessRights.Write | AccessRights.Execute | AccessRights.User);

    private IEnumerable<NaiveLeaf> Leaves(ulong table, int level, ulong address, AccessRights rights)
    {
        foreach (int index in Indexes)
        {
            ulong at = table + ((ulong)index * sizeof(ulong));
            if (at > RamBytes - sizeof(ulong) || !_words.TryGetValue(at, out ulong entry) || (entry & 1) == 0)
            {
                continue;
            }

            ulong size = 1UL << (12 + (9 * (level - 1)));
            ulong first = address + ((ulong)index * size);
            bool large = level > 1 && (entry & 0x80) != 0;
            AccessRights through = rights & ~(
                ((entry & 2) == 0 ? AccessRights.Write : AccessRights.None) |
                ((entry & 4) == 0 ? AccessRights.User : AccessRights.None) |
                (entry >> 63 == 1 ? AccessRights.Execute : AccessRights.None));
            ulong page = entry & AddressBits;
            if (large)
            {
                // Bit 12 is PAT; the bits from 13 up to the page size have to be zero, and no page is larger than 1 GiB.
                page &= ~0x1000UL;
                if (level > 3 || page % size != 0)
                {
                    continue;
                }
            }

            if (large || level == 1)
            {
                yield return new(first, size, level, entry, page, through);
                continue;
            }

            foreach (NaiveLeaf leaf in Leaves(page, level - 1, first, through))
            {
                yield return leaf;
            }
        }
    }
}
