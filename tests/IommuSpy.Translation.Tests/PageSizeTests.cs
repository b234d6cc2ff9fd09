using IommuSpy.Memory;
using IommuSpy.Testing.X64;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class PageSizeTests
{
    private const ulong FourKiB = 1UL << 12;
    private const ulong TwoMiB = 1UL << 21;
    private const ulong OneGiB = 1UL << 30;

    // Address, page it is mapped to: index 0 and 511 of each level, both halves, physical addresses up to bit 51.
    public static TheoryData<int, ulong, ulong, ulong> Cases()
    {
        TheoryData<int, ulong, ulong, ulong> cases = [];
        foreach (int levels in new[] { 4, 5 })
        {
            foreach ((ulong size, ulong physical) in new (ulong, ulong)[] { (FourKiB, 0x000f_ffff_ffff_f000UL), (FourKiB, 0UL),
                (TwoMiB, 0x000f_ffff_ffe0_0000UL), (TwoMiB, 0UL), (OneGiB, 0x000f_ffff_c000_0000UL), (OneGiB, 0x4000_0000UL) })
            {
                cases.Add(levels, size, 0, physical);
                cases.Add(levels, size, 0x0000_7fff_ffff_ffff & ~(size - 1), physical);
                cases.Add(levels, size, 0xffff_8000_0000_0000, physical);
                cases.Add(levels, size, 0xffff_ffff_ffff_ffff & ~(size - 1), physical);
                cases.Add(levels, size, 0x0000_1234_5678_9abc & ~(size - 1), physical);
            }
        }

        cases.Add(5, FourKiB, 0x00ff_ffff_ffff_f000, 0x5000);
        cases.Add(5, FourKiB, 0xff00_0000_0000_0000, 0x5000);
        return cases;
    }

    [Theory, MemberData(nameof(Cases))]
    public void Every_byte_of_a_page_translates_and_its_neighbours_do_not(int levels, ulong pageSize, ulong address, ulong physical)
    {
        using Machine machine = Machine.With(levels, tables => Map(tables, pageSize, new(address), new(physical)));
        foreach (ulong offset in new ulong[] { 0, 1, (pageSize / 2) + 7, pageSize - 1 })
        {
            Assert.Equal(new PhysicalAddress(physical + offset), machine.Translate(new(address + offset)));
        }

        Assert.Null(machine.Translate(new(address - 1)));
        Assert.Null(machine.Translate(new(address + pageSize)));
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_visit_meets_the_page_alone(int levels, ulong pageSize, ulong address, ulong physical)
    {
        using Machine machine = Machine.With(levels, tables => Map(tables, pageSize, new(address), new(physical)));
        Leaf leaf = Assert.Single(machine.Visit(out WalkSummary summary));
        int level = LevelOf(pageSize);
        Assert.Equal(address, leaf.Address);
        Assert.Equal(level, leaf.Level);
        Assert.Equal(physical, X64Format.Target(leaf.Entry));
        Assert.Equal(new(levels - level + 1, 0, false), summary);
        Assert.Equal((levels - level + 1) * 512, summary.Entries(X64Format.IndexBits));
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_translation_shows_the_entry_of_every_level(int levels, ulong pageSize, ulong address, ulong physical)
    {
        PhysicalAddress[] entries = [];
        using Machine machine = Machine.With(levels, tables =>
        {
            Map(tables, pageSize, new(address), new(physical));
            entries =
                [.. Enumerable.Range(LevelOf(pageSize), levels - LevelOf(pageSize) + 1).Reverse().Select(level => tables.EntryAddress(new(address), level))];
        });
        AddressTranslation translation = machine.Space.Translate(new(address + 5));
        Assert.Equal(TranslationOutcome.Mapped, translation.Outcome);
        Assert.Equal(pageSize, translation.PageSize);
        Assert.Equal((address + 5, machine.Space.Root, levels), (translation.Address, translation.Root, translation.Levels));
        Assert.Equal(entries, translation.Steps.Select(step => step.EntryAddress));
        Assert.Equal(Enumerable.Range(0, translation.Steps.Count).Select(i => levels - i), translation.Steps.Select(step => step.Level));
        Assert.Equal(translation.Steps.Select(step => (int)(address >> (3 + (9 * step.Level))) & 511), translation.Steps.Select(step => step.Index));
        Assert.Equal(translation.Steps.Select(step => step == translation.Last), translation.Steps.Select(step => step.IsLeaf));
        Assert.All(translation.Steps, step =>
        {
            Assert.True(machine.Memory.TryRead(step.EntryAddress, out ulong entry));
            Assert.Equal(entry, step.Entry);
            Assert.True(step.Present);
            Assert.Equal(0UL, step.ReservedBits);
        });
    }

    [Theory]
    [InlineData(TwoMiB)]
    [InlineData(OneGiB)]
    public void The_pat_bit_of_a_large_page_is_no_address_bit(ulong pageSize)
    {
        using Machine machine = Machine.With(4, tables => Map(tables, pageSize, new(0), new(OneGiB), PageTableBuilder.Ordinary | (1UL << 12)));
        Assert.Equal(new PhysicalAddress(OneGiB + 0x1234), machine.Translate(new(0x1234)));
        Assert.Equal(new PhysicalAddress(OneGiB), machine.Translate(new(0)));
    }

    [Fact]
    public void The_pat_bit_of_a_small_page_makes_no_large_page()
    {
        using Machine machine = Machine.With(4, tables => tables.Map4K(new(0x1000), new(0x5000), PageTableBuilder.Ordinary | X64Entry.PageSize));
        Assert.Equal(new PhysicalAddress(0x5123), machine.Translate(new(0x1123)));
        Assert.Equal(FourKiB, machine.Space.Translate(new(0x1123)).PageSize);
    }

    [Fact]
    public void Pages_of_all_sizes_are_visited_in_address_order()
    {
        using Machine machine = Machine.With(4, tables => tables
            .Map4K(new(0xffff_8000_0000_0000), new(0x5000)).Map1G(new(OneGiB), new(OneGiB)).Map4K(new(0x1000), new(0x5000)).Map2M(new(TwoMiB), new(0))
            .Map4K(new(0), new(0x6000)));
        Assert.Equal([0, 0x1000, TwoMiB, OneGiB, 0xffff_8000_0000_0000], machine.Visit(out _).Select(leaf => leaf.Address));
    }

    private static int LevelOf(ulong pageSize) => pageSize switch
    {
        FourKiB => 1,
        TwoMiB => 2,
        _ => 3,
    };

    private static PageTableBuilder Map(PageTableBuilder tables, ulong pageSize, VirtualAddress address, PhysicalAddress physical,
        ulong flags = PageTableBuilder.Ordinary) => pageSize switch
        {
            FourKiB => tables.Map4K(address, physical, flags),
            TwoMiB => tables.Map2M(address, physical, flags),
            _ => tables.Map1G(address, physical, flags),
        };
}
