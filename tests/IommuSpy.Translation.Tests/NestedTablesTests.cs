using IommuSpy.Memory;
using IommuSpy.Translation.Nested;
using IommuSpy.Translation.Tests.Devices;

namespace IommuSpy.Translation.Tests;

/// <summary>
/// Tables of guest-physical addresses, entry by entry: Intel's (SDM 3C, 30.3.2 and 30.3.3) and AMD's (APM 2, 15.25), with the entries that KVM writes.
/// </summary>
public class NestedTablesTests
{
    private const ulong Root = BuiltTables.Root;
    private const ulong Table2 = 0x2_0000;
    private const ulong Table1 = 0x3_0000;
    private const ulong Table0 = 0x4_0000;

    // As KVM writes them: entries of tables with A and without; of leaves read-write-execute, write-back, IPAT, A, D, with the software bits 11, 57 and 58.
    private const ulong EptTable = 0x907;
    private const ulong EptLeaf = 0xb77 | (3UL << 57);
    private const ulong SuppressException = 1UL << 63;

    [Theory]
    [InlineData(EptTable, EptLeaf)]
    [InlineData(0x807 | (1UL << 52), 0x877 | (1UL << 52))]
    [InlineData(EptTable | SuppressException, EptLeaf | SuppressException)]
    public void An_EPT_page_is_found_at_the_end_of_four_levels(ulong table, ulong leaf)
    {
        using BuiltMemory memory = Build(table, table, table, 0x5000 | leaf);
        AddressTranslation walk = Ept(memory).Translate(new(0x123));
        Assert.Equal(new PhysicalAddress(0x5123), walk.Physical);
        Assert.Equal(AccessRights.Read | AccessRights.Write | AccessRights.Execute | AccessRights.User, walk.Rights);
        Assert.Equal(4, walk.Steps.Count);
        Assert.Equal(["EPT PML4", "EPT PDPT", "EPT PD", "EPT PT"],
            walk.Steps.Select(step => NestedMode.Ept(4).Format.LevelName(step.Level)));
    }

    [Fact]
    public void EPT_has_five_levels_and_no_address_beyond_them()
    {
        using BuiltMemory memory = BuiltTables.Build(
            (Root + 8, 0x1_2000 | EptTable), (0x1_2000, Table2 | EptTable), (Table2, Table1 | EptTable), (Table1, Table0 | EptTable),
            (Table0, 0x5000 | EptLeaf));
        AddressSpace space = AddressSpace.Of(memory.Memory, new(Root), NestedMode.Ept(5));
        Assert.Equal(new PhysicalAddress(0x5123), space.Translate(new((1UL << 48) + 0x123)).Physical);
        Assert.Equal(TranslationOutcome.NonCanonical, space.Translate(new(1UL << 57)).Outcome);
        Assert.Equal(TranslationOutcome.NonCanonical, Ept(memory).Translate(new(1UL << 48)).Outcome);
    }

    [Fact]
    public void The_upper_half_of_guest_physical_addresses_is_no_kernels_half()
    {
        using BuiltMemory memory = BuiltTables.Build(
            (Root + (511 * 8), Table2 | EptTable), (Table2, Table1 | EptTable), (Table1, Table0 | EptTable), (Table0, 0x5000 | EptLeaf));
        Assert.Equal(new PhysicalAddress(0x5123), Ept(memory).Translate(new((511UL << 39) + 0x123)).Physical);
        Leaves leaves = new([]);
        Ept(memory).Visit(ref leaves);
        Assert.Equal([511UL << 39], leaves.Addresses);
    }

    [Fact]
    public void Large_EPT_pages_map_their_whole_size_and_fault_on_bits_below_it()
    {
        using BuiltMemory memory = BuiltTables.Build(
            (Root, Table2 | EptTable), (Table2, Table1 | EptTable), (Table2 + 8, 0x4000_0000 | EptLeaf | 0x80), (Table2 + 16, 0x4000_1000 | EptLeaf | 0x80),
            (Table1, 0x20_0000 | EptLeaf | 0x80));
        AddressSpace space = Ept(memory);
        AddressTranslation large = space.Translate(new(0x1f_f123));
        Assert.Equal((0x3f_f123UL, 2UL << 20), (large.Physical?.Value, large.PageSize));
        AddressTranslation huge = space.Translate(new(0x7fff_f123));
        Assert.Equal((0x7fff_f123UL, 1UL << 30), (huge.Physical?.Value, huge.PageSize));
        AddressTranslation wrong = space.Translate(new(0x8000_0000));
        Assert.Equal((TranslationOutcome.ReservedBits, 0x1000UL), (wrong.Outcome, wrong.Last?.ReservedBits));
    }

    [Theory]
    [InlineData(7UL, 7UL, "rwx")]
    [InlineData(1UL, 7UL, "r")]
    [InlineData(7UL, 5UL, "rx")]
    [InlineData(3UL, 7UL, "rw")]
    public void EPT_rights_are_those_that_every_level_lets_through(ulong above, ulong below, string expected)
    {
        using BuiltMemory memory = Build(7, above, 7, 0x5000 | 0x30 | below);
        AccessRights rights = Ept(memory).Translate(new(0)).Rights;
        Assert.Equal(expected, string.Concat(
            rights.HasFlag(AccessRights.Read) ? "r" : "", rights.HasFlag(AccessRights.Write) ? "w" : "", rights.HasFlag(AccessRights.Execute) ? "x" : ""));
    }

    [Theory]
    [InlineData(0UL, TranslationOutcome.NotPresent)]
    [InlineData(SuppressException, TranslationOutcome.NotPresent)]
    [InlineData(0x5a0UL, TranslationOutcome.NotPresent)]
    [InlineData(0xfeb0_0006UL, TranslationOutcome.ReservedBits)]
    [InlineData(0x5002UL, TranslationOutcome.ReservedBits)]
    [InlineData(0x5017UL, TranslationOutcome.ReservedBits)]
    public void What_faults_in_EPT_is_told_apart(ulong leaf, TranslationOutcome expected)
    {
        using BuiltMemory memory = Build(EptTable, EptTable, EptTable, leaf);
        Assert.Equal(expected, Ept(memory).Translate(new(0)).Outcome);
        Leaves leaves = new([]);
        Ept(memory).Visit(ref leaves);
        Assert.Empty(leaves.Addresses);
    }

    [Theory]
    [InlineData(0x907UL, 4, "R W X A")]
    [InlineData(0xb77UL | (3UL << 57), 1, "R W X A D WB IPAT")]
    [InlineData(0x8000_0000_0000_04b5UL, 2, "R X PS WB XU SVE")]
    [InlineData(0x7UL, 1, "R W X UC")]
    public void Flags_of_EPT_entries_have_the_manuals_names(ulong entry, int level, string expected) =>
        Assert.Equal(expected, string.Join(' ', EptFormat.FlagNames(entry, level)));

    [Fact]
    public void NPT_is_the_CPUs_format_walked_as_a_user()
    {
        using BuiltMemory memory = BuiltTables.Build(
            (Root, Table2 | 0x827), (Table2, Table1 | 0x827), (Table1, Table0 | 0x827), (Table0, 0x5e67), (Table0 + 8, 0x6825), (Table0 + 16, 0x7e63),
            (Table0 + 24, 0x8_0000_feb0_0407), (Table0 + 32, SuppressException));
        AddressSpace space = AddressSpace.Of(memory.Memory, new(Root), NestedMode.Npt(4));
        Assert.Equal((0x5123UL, AccessRights.Read | AccessRights.Write | AccessRights.Execute | AccessRights.User),
            (space.Translate(new(0x123)).Physical?.Value, space.Translate(new(0x123)).Rights));
        Assert.Equal(AccessRights.Read | AccessRights.Execute | AccessRights.User, space.Translate(new(0x1000)).Rights);
        Assert.Equal(AccessRights.None, space.Translate(new(0x2000)).Rights);
        Assert.Equal(TranslationOutcome.ReservedBits, space.Translate(new(0x3000)).Outcome);
        Assert.Equal(TranslationOutcome.NotPresent, space.Translate(new(0x4000)).Outcome);
    }

    private static BuiltMemory Build(ulong top, ulong second, ulong third, ulong leaf) =>
        BuiltTables.Build((Root, Table2 | top), (Table2, Table1 | second), (Table1, Table0 | third), (Table0, leaf));

    private static AddressSpace Ept(BuiltMemory memory) => AddressSpace.Of(memory.Memory, new(Root), NestedMode.Ept(4));

    private readonly struct Leaves(List<ulong> addresses) : ICpuLeafVisitor
    {
        public List<ulong> Addresses => addresses;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat => addresses.Add(leaf.Address.Value);
    }
}
