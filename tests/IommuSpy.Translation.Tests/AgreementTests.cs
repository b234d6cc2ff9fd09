using CsCheck;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

/// <summary>Every way to walk says the same of the same tables, and all say what a naive walk by the manual says.</summary>
public class AgreementTests
{
    private const int Samples = 400;

    public static TheoryData<Backing> Backings => [Backing.Mapped, Backing.Reader];

    [Theory, MemberData(nameof(Backings))]
    public void A_visit_meets_the_leaves_of_the_naive_walk_in_its_order(Backing backing) => RandomTables.GenTables.Sample(
        tables =>
        {
            using BuiltMemory built = tables.Build(backing);
            LeafList visitor = new();
            AddressSpace space = Space(built, tables);
            WalkSummary summary = space.Visit(ref visitor);
            Assert.False(summary.LimitReached);
            Assert.Equal(
                tables.Leaves().Select(leaf => new Leaf(space.Mode.SignExtend(leaf.Address), new(leaf.Page), leaf.Size, leaf.Level, leaf.Entry, leaf.Rights)),
                visitor.Leaves);
        },
        iter: Samples);

    [Theory, MemberData(nameof(Backings))]
    public void Translations_agree_with_the_naive_walk(Backing backing) => Gen.Select(RandomTables.GenTables, RandomTables.GenAddress.Array[1, 40]).Sample(
        (tables, addresses) =>
        {
            using BuiltMemory built = tables.Build(backing);
            AddressSpace space = Space(built, tables);
            NaiveLeaf[] leaves = [.. tables.Leaves()];
            foreach (ulong address in addresses.Select(space.Mode.SignExtend)
                .Concat(leaves.SelectMany(leaf => new[] { leaf.Address, leaf.Last }).Take(40).Select(space.Mode.SignExtend)))
            {
                NaiveLeaf? leaf = leaves.SingleOrDefault(leaf => leaf.Holds(Walked(space, address)));
                ulong? expected = leaf is null ? null : leaf.Page + (Walked(space, address) - leaf.Address);
                AddressTranslation shown = space.Translate(new(address));
                Assert.Equal(expected is not null, space.TryTranslate(new(address), out PhysicalAddress physical));
                Assert.Equal(expected ?? 0, physical.Value);
                Assert.Equal(expected, shown.Physical?.Value);
                Assert.Equal(leaf?.Size ?? 0, shown.PageSize);
                Assert.Equal(leaf?.Rights ?? AccessRights.None, shown.Rights);
                Assert.Equal(leaf is not null, shown.Outcome == TranslationOutcome.Mapped);
                Assert.Equal(leaf is not null, shown.Last?.IsLeaf == true && shown.Last.ReservedBits == 0);
            }
        },
        iter: Samples);

    [Theory, MemberData(nameof(Backings))]
    public void Many_translations_at_once_are_those_of_each_in_any_order(Backing backing) =>
        Gen.Select(RandomTables.GenTables, RandomTables.GenAddress.Array[0, 80], Gen.Int).Sample(
        (tables, addresses, seed) =>
        {
            using BuiltMemory built = tables.Build(backing);
            AddressSpace space = Space(built, tables);

            // Random addresses seldom share their upper levels: these are beside a leaf, and some come twice.
            ulong[] all = [.. addresses, .. addresses.Take(10), .. tables.Leaves().Take(60).SelectMany(leaf => new[] { leaf.Address, leaf.Last })];
            all = [.. all.Select(space.Mode.SignExtend)];
            new Random(seed).Shuffle(all);
            foreach (ulong[] ordered in new[] { all, [.. all.Order()], [.. all.OrderDescending()] })
            {
                ulong[] physical = new ulong[ordered.Length + 1];
                physical[^1] = 0x5a;
                space.TranslateMany(ordered, physical);
                Assert.Equal(ordered.Select(address => space.TryTranslate(new(address), out PhysicalAddress one) ? one.Value : TableWalker<X64Format>.Unmapped),
                    physical[..^1]);
                Assert.Equal(0x5aUL, physical[^1]);
            }
        },
        iter: Samples);

    [Theory, MemberData(nameof(Backings))]
    public void A_visit_of_a_range_meets_the_leaves_that_translate_any_address_of_it(Backing backing) =>
        Gen.Select(RandomTables.GenTables, Gen.Select(RandomTables.GenAddress, RandomTables.GenAddress).Array[1, 10]).Sample(
            (tables, ranges) =>
            {
                using BuiltMemory built = tables.Build(backing);
                TableWalker<X64Format> walker = new(built.Memory);
                NaiveLeaf[] leaves = [.. tables.Leaves()];

                // Ranges that end and start exactly at a leaf's edge as well.
                IEnumerable<(ulong, ulong)> edges = leaves.Take(10)
                    .SelectMany(leaf => new[] { (leaf.Address, leaf.Address), (leaf.Last, leaf.Last), (leaf.Last + 1, leaf.Last + leaf.Size) });
                foreach ((ulong first, ulong last) in ranges.Concat(edges))
                {
                    LeafList visitor = new();
                    walker.Visit(new(tables.Root), tables.Levels, first, last, ref visitor);
                    Assert.Equal(
                        leaves.Where(leaf => first <= last && leaf.Address <= last && leaf.Last >= first)
                            .Select(leaf => (leaf.Address, leaf.Level, leaf.Entry)),
                        visitor.Leaves.Select(leaf => (leaf.Address, leaf.Level, leaf.Entry)));
                }
            },
            iter: Samples);

    [Fact]
    public void A_range_of_canonical_addresses_is_visited_in_its_half()
    {
        using Machine machine = Machine.With(4, tables => tables
            .Map4K(new(0x1000), new(0x5000)).Map4K(new(0xffff_8000_0000_1000), new(0x6000)).Map4K(new(0xffff_ffff_ffff_f000), new(0x7000)));
        Assert.Equal([0x6003, 0x7003], Entries(0xffff_8000_0000_0000, ulong.MaxValue));
        Assert.Equal([0x5003], Entries(0, 0x7fff_ffff_ffff));
        Assert.Equal([0x6003], Entries(0xffff_8000_0000_1fff, 0xffff_ffff_ffff_efff));
        Assert.Equal([], Entries(0x2000, 0x1000));

        IEnumerable<ulong> Entries(ulong first, ulong last)
        {
            LeafList visitor = new();
            machine.Space.Visit(new(first), new(last), ref visitor);
            return visitor.Leaves.Select(leaf => leaf.Entry);
        }
    }

    private static AddressSpace Space(BuiltMemory built, RandomTables tables) => AddressSpace.Of(built.Memory, new(tables.Root), X64Format.Mode(tables.Levels));

    private static ulong Walked(AddressSpace space, ulong address) => address & ((1UL << space.AddressBits) - 1);
}
