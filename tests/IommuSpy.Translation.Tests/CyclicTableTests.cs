using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class CyclicTableTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void A_self_map_shows_every_table_as_a_page_at_its_recursive_address(int levels)
    {
        const int self = 493;
        VirtualAddress mapped = new(0x7000_1234_5000);
        ulong lastTable = 0;
        using Machine machine = Machine.With(levels, tables =>
        {
            tables.Map4K(mapped, new(0x5000)).SelfMap(self);
            lastTable = tables.EntryAddress(mapped, 1).Value & ~0xfffUL;
        });

        // Through the self map once, the tables walk one level less: the last table is the page.
        ulong recursive = machine.Space.Mode.SignExtend(((ulong)self << (3 + (9 * levels))) | (mapped.Value >> 9));
        Assert.Equal(new PhysicalAddress(lastTable), machine.Translate(new(recursive & ~0xfffUL)));

        // Through it as often as there are levels, the root is the page.
        ulong root = Enumerable.Range(1, levels).Aggregate(0UL, (address, level) => address | ((ulong)self << (3 + (9 * level))));
        Assert.Equal(machine.Space.Root, machine.Translate(new(machine.Space.Mode.SignExtend(root))));

        IList<Leaf> leaves = machine.Visit(out WalkSummary summary);
        Assert.False(summary.LimitReached);
        Assert.Equal(leaves.Select(leaf => leaf.Address).Distinct().Order(), leaves.Select(leaf => leaf.Address));

        // The page, and each of the tables: the self map at depth n shows the chain from there on.
        Assert.Equal(1 + levels, leaves.Count);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Tables_that_point_at_each_other_end_at_the_depth(int levels)
    {
        using Machine machine = Machine.With(levels, (tables, memory) =>
        {
            PhysicalAddress other = tables.AllocateTable();
            memory.Write(tables.Root, other.Value | PageTableBuilder.Ordinary).Write(other, tables.Root.Value | PageTableBuilder.Ordinary);
        });
        Leaf leaf = Assert.Single(machine.Visit(out WalkSummary summary));
        Assert.Equal(0UL, leaf.Address);
        Assert.Equal(levels, summary.Tables);
        Assert.Equal(levels, machine.Space.Translate(new(0)).Steps.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1000)]
    [InlineData(10_000)]
    public void A_visit_of_tables_that_all_point_at_themselves_stops_at_the_limit_and_says_so(int limit)
    {
        using Machine machine = Machine.With(5, tables =>
        {
            for (int i = 0; i < 512; i++)
            {
                tables.SelfMap(i);
            }
        });
        TableWalker<X64Format> walker = new(machine.Memory) { TableLimit = limit };
        LeafCount visitor = default;
        Assert.Equal(new(limit, 0, true), walker.Visit(machine.Space.Root, 5, ref visitor));

        // The first path takes 5 tables, the last of which is full of leaves; from then on nearly every table is.
        Assert.InRange(visitor.Leaves, 0, Math.Max(0, limit - 4) * 512);
        Assert.Equal(limit >= 5, visitor.Leaves > 0);
    }

    [Theory]
    [InlineData(5, false)]
    [InlineData(4, true)]
    public void A_visit_of_just_as_many_tables_as_the_limit_is_whole(int limit, bool limitReached)
    {
        using Machine machine = Machine.With(5, tables => tables.Map4K(new(0x1000), new(0x5000)));
        TableWalker<X64Format> walker = new(machine.Memory) { TableLimit = limit };
        LeafCount visitor = default;
        Assert.Equal(new(limit, 0, limitReached), walker.Visit(machine.Space.Root, 5, ref visitor));
    }

    [Fact]
    public void Tables_that_the_image_lacks_count_towards_the_limit()
    {
        using Machine machine = Machine.With(5, (tables, memory) =>
        {
            for (ulong i = 0; i < 512; i++)
            {
                memory.Write(tables.Root + (i * 8), (i < 64 ? tables.Root.Value : 0x7000_0000) | PageTableBuilder.Ordinary);
            }
        });
        TableWalker<X64Format> walker = new(machine.Memory) { TableLimit = 10_000 };
        LeafCount visitor = default;
        WalkSummary summary = walker.Visit(machine.Space.Root, 5, ref visitor);
        Assert.True(summary.LimitReached);
        Assert.Equal(10_000, summary.Tables + summary.MissingTables);
        Assert.InRange(summary.MissingTables, 1, 9_999);
    }
}
