using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class OutsideImageTests
{
    private static readonly VirtualAddress Low = new(0x40_0000);

    public static TheoryData<Backing> Backings => [Backing.Mapped, Backing.Reader];

    [Theory, MemberData(nameof(Backings))]
    public void A_table_outside_the_image_is_told_from_an_entry_that_is_not_present(Backing backing)
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(Low, new(0x5000)).SetEntry(Low, 2, 0x7000_0000 | PageTableBuilder.Ordinary), backing);
        AddressTranslation translation = machine.Space.Translate(Low);
        Assert.Null(machine.Translate(Low));
        Assert.Equal(TranslationOutcome.TableOutsideImage, translation.Outcome);
        Assert.Equal(2, translation.Last!.Level);
        Assert.True(translation.Last.Present);
        Assert.Empty(machine.Visit(out WalkSummary summary));
        Assert.Equal(new(3, 1, false), summary);
    }

    [Theory]
    [InlineData(0x7000_0000)]
    [InlineData(0x000f_ffff_ffff_f000)]
    [InlineData(0xffff_ffff_ffff_f000)]
    [InlineData(ulong.MaxValue)]
    public void A_root_outside_the_image_gives_no_step_and_one_missing_table(ulong root)
    {
        using Machine machine = Machine.With(4, _ => { });
        AddressSpace space = AddressSpace.Of(machine.Memory, new(root), X64Format.Mode(4));
        AddressTranslation translation = space.Translate(new(0));
        LeafList visitor = new();
        Assert.Equal(TranslationOutcome.TableOutsideImage, translation.Outcome);
        Assert.Empty(translation.Steps);
        Assert.Equal(new(0, 1, false), space.Visit(ref visitor));
        Assert.False(space.TryTranslate(new(0), out _));
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_page_outside_the_image_is_mapped_all_the_same(Backing backing)
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(Low, new(0x7000_0000)), backing);
        Assert.Equal(new PhysicalAddress(0x7000_0abc), machine.Translate(Low + 0xabc));
        Assert.Equal(0, machine.Space.Read(Low, new byte[1]));
        Assert.Single(machine.Visit(out WalkSummary summary));
        Assert.Equal(0, summary.MissingTables);
    }

    [Theory]
    [InlineData(Backing.Mapped, 0, 0x800)]
    [InlineData(Backing.Reader, 0, 0x800)]
    [InlineData(Backing.Mapped, 0x800, 0x800)]
    [InlineData(Backing.Reader, 0x800, 0x800)]
    [InlineData(Backing.Mapped, 0, 0x7fc)]
    [InlineData(Backing.Mapped, 0x804, 0x7fc)]
    public void Of_a_table_across_the_edge_of_the_image_every_way_to_walk_sees_the_part_that_is_there(Backing backing, int from, int length)
    {
        // The last table, full, stands at the edge of a second run of RAM that holds only a part of it.
        const ulong edge = 0x20_0000;
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), 1 << 20).AddRam(new(edge + (ulong)from), (ulong)length);
        PageTableBuilder tables = new(memory, 4, new(Machine.TablesAt));
        tables.SetEntry(Low, 2, edge | PageTableBuilder.Ordinary);
        for (ulong i = 0; i < 512; i++)
        {
            tables.Map4K(Low + (i << 12), new(i << 12));
        }

        using BuiltMemory built = memory.Build(backing);
        AddressSpace space = AddressSpace.Of(built.Memory, tables.Root, X64Format.Mode(4));
        ulong[] there = [.. Enumerable.Range(0, 512).Where(i => i * 8 >= from && (i * 8) + 8 <= from + length).Select(i => Low.Value + ((ulong)i << 12))];
        LeafList visitor = new();
        Assert.Equal(new(3, 1, false), space.Visit(ref visitor));
        Assert.Equal(there, visitor.Leaves.Select(leaf => leaf.Address));
        Assert.Equal(there, Enumerable.Range(0, 512).Select(i => Low.Value + ((ulong)i << 12)).Where(address => space.TryTranslate(new(address), out _)));
        Assert.Equal(TranslationOutcome.TableOutsideImage, space.Translate(Low + (from == 0 ? 511UL << 12 : 0)).Outcome);
    }

    [Theory, MemberData(nameof(Backings))]
    public void A_table_across_two_runs_that_touch_is_whole(Backing backing)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), Machine.TablesAt + 0x804).AddRam(new(Machine.TablesAt + 0x804), 1 << 20);
        PageTableBuilder tables = new(memory, 4, new(Machine.TablesAt));
        tables.Map4K(Low, new(0x5000)).Map4K(new(0xffff_8000_0000_0000), new(0x6000)).Map4K(new(0xffff_ffff_ffff_f000), new(0x7000));
        using BuiltMemory built = memory.Build(backing);
        LeafList visitor = new();
        WalkSummary summary = AddressSpace.Of(built.Memory, tables.Root, X64Format.Mode(4)).Visit(ref visitor);
        Assert.Equal([0x5003UL, 0x6003, 0x7003], visitor.Leaves.Select(leaf => leaf.Entry));
        Assert.Equal(0, summary.MissingTables);
    }
}
