using IommuSpy.Memory;
using IommuSpy.Testing.Arm64;
using IommuSpy.Translation.Arm64;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.SmmuV3;

namespace IommuSpy.Translation.Tests.SmmuV3;

/// <summary>Stream tables, entries and context descriptors laid out as the SMMUv3's specification has them.</summary>
public sealed class SmmuV3StreamTablesTests
{
    private const ulong Ram = 0x4000_0000;
    private const ulong StreamTable = Ram;
    private const ulong SecondLevel = Ram + 0x1_0000;
    private const ulong Contexts = Ram + 0x2_0000;
    private const ulong Tables = Ram + 0x10_0000;
    private const ulong Stage2 = Ram + 0x20_0000;
    private const ulong Page = 0x4567_8000;

    // As Linux writes them: V, stage 1, one table of descriptors; then S1DSS 2 and cacheability.
    private const ulong Translated = Contexts | 0xb;
    private const ulong Attributes = 0xd6;
    private const ulong Descriptor = (1UL << 31) | (1UL << 41) | 16 | (7UL << 48); // T0SZ 16, 4 KiB, ASID 7
    private const ulong Leaf = Arm64Descriptor.Accessed | Arm64Descriptor.UserAccess | Arm64Descriptor.NotGlobal;

    private static readonly Arm64Regime Regime = Arm64Regime.All[1];
    private static readonly RequesterId Device = new(0, 3, 0);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_device_is_translated_by_the_tables_of_its_context_descriptor(bool twoLevels)
    {
        PhysicalMemoryBuilder memory = Memory();
        Entry(memory, twoLevels, Device.Value, Translated, Attributes);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        SmmuV3StreamTables tables = Open(built, twoLevels);
        DeviceContext context = Assert.Single(tables.Contexts(out bool cut));
        Assert.False(cut);
        Assert.Equal((Device, DmaMode.Translated, 7, null), (context.Requester, context.Mode, context.Domain, context.Problem));
        Assert.Equal((IoTableFormat.SmmuStage1, 4, 48, new PhysicalAddress(Tables)),
            (context.Space!.Format, context.Space.Levels, context.Space.AddressBits, context.Space.Root));

        DeviceTranslation translation = context.Translate(new(0xffff_f123));
        Assert.Equal((new PhysicalAddress(Page + 0x123), AccessRights.Read | AccessRights.Write, DeviceFault.None),
            (translation.Physical!.Value, translation.Rights, translation.Fault));
        Assert.Equal(DeviceFault.NotPresent, context.Translate(new(0x1000)).Fault);
        Assert.Equal(DeviceFault.NoPermission, context.Translate(new(0xffff_d000)).Fault); // no AP[1]
        Assert.Equal(AccessRights.Read, context.Translate(new(0xffff_e000)).Rights);
        Assert.Equal(DeviceFault.BeyondWidth, context.Translate(new(1UL << 48)).Fault);

        // No address is an interrupt's by itself.
        Assert.Equal(DeviceFault.NotPresent, context.Translate(new(0xfee0_0000)).Fault);
        Leaves leaves = new([]);
        context.Space.Visit(ref leaves);
        Assert.Equal(
            [(0xffff_d000UL, AccessRights.None), (0xffff_e000, AccessRights.Read), (0xffff_f000, AccessRights.Read | AccessRights.Write)], leaves.Found);
    }

    [Theory]
    [InlineData(0x0UL, DmaMode.Blocked, "not valid")]
    [InlineData(0x1UL, DmaMode.Blocked, "aborts")]
    [InlineData(0x9UL, DmaMode.PassThrough, null)]
    [InlineData((Contexts + 0x1000) | 0xb, DmaMode.Invalid, "not valid")]
    [InlineData((Contexts + 0x2000) | 0xb, DmaMode.Invalid, "EPD0")]
    public void Configurations_without_tables_are_told_apart(ulong first, DmaMode mode, string? problem)
    {
        PhysicalMemoryBuilder memory = Memory();
        memory.Write(new(Contexts + 0x2000), Descriptor | (1UL << 14));
        Entry(memory, true, Device.Value, first, Attributes);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        DeviceContext context = Open(built, true).ContextOf(Device);
        Assert.Equal(mode, context.Mode);
        Assert.Equal(problem is null, context.Problem is null);
        Assert.Contains(problem ?? "", context.Problem ?? "", StringComparison.Ordinal);
        Assert.Equal(mode == DmaMode.PassThrough, context.Translate(new(0x1234)).Physical == new PhysicalAddress(0x1234));
    }

    [Fact]
    public void A_bus_without_a_table_of_the_second_level_is_blocked()
    {
        PhysicalMemoryBuilder memory = Memory();
        Entry(memory, true, Device.Value, Translated, Attributes);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        DeviceContext context = Open(built, true).ContextOf(new(5, 0, 0));
        Assert.Equal(DmaMode.Blocked, context.Mode);
        Assert.Contains("Span", context.Problem, StringComparison.Ordinal);
    }

    /// <summary>What firmware makes of a requester's number: its stream may have another.</summary>
    [Fact]
    public void A_requester_may_have_another_stream()
    {
        PhysicalMemoryBuilder memory = Memory();
        Entry(memory, true, 0x42, Translated, Attributes);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        SmmuV3StreamTables tables = new(built.Memory, new(StreamTable), 16, 8, 0, new Dictionary<RequesterId, uint> { [Device] = 0x42 });
        Assert.Equal(DmaMode.Translated, tables.ContextOf(Device).Mode);
        Assert.Equal(Device, Assert.Single(tables.Contexts(out _)).Requester);
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void Substreams_have_descriptors_of_their_own(ulong plainRequests)
    {
        PhysicalMemoryBuilder memory = Memory();

        // 16 descriptors in two levels; of the first table the third is there.
        memory.Write(new(Contexts + 0x8000), (Contexts + 0x9000) | 1);
        memory.Write(new(Contexts + 0x9000), Descriptor);
        memory.Write(new(Contexts + 0x9008), Tables);
        memory.Write(new(Contexts + 0x9000 + (2 * 64)), Descriptor);
        memory.Write(new(Contexts + 0x9008 + (2 * 64)), Tables);
        Entry(memory, true, Device.Value, (Contexts + 0x8000) | 0xb | (2UL << 4) | (4UL << 59), plainRequests);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        SmmuV3StreamTables tables = Open(built, true);
        DmaMode expected = plainRequests switch
        {
            0 => DmaMode.Blocked,
            1 => DmaMode.PassThrough,
            _ => DmaMode.Translated,
        };
        Assert.Equal((expected, DmaMode.Translated, DmaMode.Invalid), (
            tables.ContextOf(Device).Mode, tables.ContextOf(Device, 2).Mode, tables.ContextOf(Device, 3).Mode));
        Assert.Equal(DmaMode.Blocked, tables.ContextOf(Device, 16).Mode);
        Assert.Equal([2], tables.Contexts(out bool cut).Where(context => context.Pasid is not null).Select(context => context.Pasid!.Value));
        Assert.False(cut);
    }

    /// <summary>The tables of descriptors are at addresses that stage 2 translates.</summary>
    [Fact]
    public void Substreams_of_both_stages_are_found_through_the_second()
    {
        PhysicalMemoryBuilder memory = Memory();
        memory.Write(new(Stage2), Ram | 0x4c1UL);
        memory.Write(new(Contexts + 0x8008), (Contexts + 0x9000 - Ram) | 1);
        memory.Write(new(Contexts + 0x9000 + (6 * 64)), Descriptor);
        memory.Write(new(Contexts + 0x9008 + (6 * 64)), Tables - Ram);
        Entry(memory, true, Device.Value, (Contexts + 0x8000 - Ram) | 0xf | (1UL << 4) | (8UL << 59), 0, (64UL - 39) << 32 | 1UL << 38 | 5, Stage2);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        Assert.Equal([null, 70], Open(built, true).Contexts(out _).Select(context => context.Pasid));
    }

    /// <summary>Zeroed memory for a million descriptors of each stream is read until the budget ends, and that is said.</summary>
    [Fact]
    public void Descriptors_are_looked_at_as_long_as_the_budget_lasts()
    {
        PhysicalMemoryBuilder memory = Memory();
        for (ushort stream = 0; stream < 256; stream++)
        {
            Entry(memory, true, stream, (Contexts + 0x8000) | 0xb | (20UL << 59), Attributes);
        }

        WorkBudget budget = new(steps: 100_000);
        using BuiltMemory built = memory.Build(Backing.Mapped, budget);
        _ = Open(built, true).Contexts(out bool cut);
        Assert.True(cut);
        Assert.NotEmpty(budget.Problems);
    }

    /// <summary>40 bits from L1 are two tables one behind the other.</summary>
    [Fact]
    public void Stage_2_begins_where_its_entry_says_with_tables_one_behind_the_other()
    {
        PhysicalMemoryBuilder memory = Memory();
        const ulong Upper = (1UL << 39) + 0x20_0000;
        memory.Write(new(Stage2), (Stage2 + 0x4000) | 3);
        memory.Write(new(Stage2 + 0x1000), (Stage2 + 0x5000) | 3);
        memory.Write(new(Stage2 + 0x4000), 0x4560_0000 | 0x441UL); // a block that can be read
        memory.Write(new(Stage2 + 0x5008), 0x4560_0000 | 0x4c1UL);
        ulong second = (64UL - 40) << 32 | 1UL << 38 | 5;
        Entry(memory, true, Device.Value, 0xd, 0, second, Stage2);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        DeviceContext context = Open(built, true).ContextOf(Device);
        Assert.Equal((DmaMode.Translated, 5, IoTableFormat.SmmuStage2, 40), (context.Mode, context.Domain, context.Space!.Format, context.Space.AddressBits));
        Assert.Equal(AccessRights.Read, context.Translate(new(0x1000)).Rights);
        DeviceTranslation upper = context.Translate(new(Upper + 0x1234));
        Assert.Equal((new PhysicalAddress(0x4560_1234), AccessRights.Read | AccessRights.Write), (upper.Physical!.Value, upper.Rights));
        Assert.Equal(Upper + 0x1234, upper.Walk!.Address);
        Leaves leaves = new([]);
        context.Space.Visit(ref leaves);
        Assert.Equal([(0UL, AccessRights.Read), (Upper, AccessRights.Read | AccessRights.Write)], leaves.Found);
    }

    [Fact]
    public void With_both_stages_the_first_stages_addresses_are_translated_again()
    {
        PhysicalMemoryBuilder memory = Memory();

        // Stage 2 maps the first GiB to where RAM begins: what stage 1 calls 0x2_0000 is at 0x4002_0000.
        memory.Write(new(Stage2), Ram | 0x4c1UL);
        ulong second = (64UL - 39) << 32 | 1UL << 38 | 5;
        memory.Write(new(Contexts + 0x4000), Descriptor);
        memory.Write(new(Contexts + 0x4008), Tables + 0x8_0000 - Ram);
        for (ulong table = 0; table < 3; table++)
        {
            memory.Write(new(Tables + 0x8_0000 + (table * 0x1000)), (Tables + 0x8_1000 + (table * 0x1000) - Ram) | 3);
        }

        memory.Write(new(Tables + 0x8_3000), 0x9000UL | Leaf | 3);
        Entry(memory, true, Device.Value, (Contexts + 0x4000 - Ram) | 0xf, Attributes, second, Stage2);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        DeviceContext context = Open(built, true).ContextOf(Device);
        Assert.Equal((DmaMode.Translated, IoTableFormat.SmmuNested), (context.Mode, context.Space!.Format));
        Assert.Equal(new PhysicalAddress(Ram + 0x9123), context.Translate(new(0x123)).Physical);
        Leaves leaves = new([]);
        context.Space.Visit(ref leaves);
        Assert.Equal([(0UL, AccessRights.Read | AccessRights.Write)], leaves.Found);
    }

    private static PhysicalMemoryBuilder Memory()
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(Ram), 4 << 20);
        memory.Write(new(Contexts), Descriptor);
        memory.Write(new(Contexts + 8), Tables);
        Arm64TableBuilder tables = new(memory, Regime, new(Tables));
        tables.Map(new(0xffff_f000), new(Page), 1, Leaf);
        tables.Map(new(0xffff_e000), new(Page), 1, Leaf | Arm64Descriptor.ReadOnly);
        tables.Map(new(0xffff_d000), new(Page), 1, Arm64Descriptor.Accessed);
        return memory;
    }

    private static void Entry(PhysicalMemoryBuilder memory, bool twoLevels, ushort stream, params ulong[] words)
    {
        ulong at = twoLevels ? SecondLevel + ((ulong)(stream & 0xff) * 64) : StreamTable + ((ulong)stream * 64);
        if (twoLevels)
        {
            memory.Write(new(StreamTable + ((ulong)(stream >> 8) * sizeof(ulong))), SecondLevel | 9);
        }

        for (int i = 0; i < words.Length; i++)
        {
            memory.Write(new(at + ((ulong)i * sizeof(ulong))), words[i]);
        }
    }

    private static SmmuV3StreamTables Open(BuiltMemory built, bool twoLevels) => new(built.Memory, new(StreamTable), twoLevels ? 16 : 8, twoLevels ? 8 : null);

    private readonly struct Leaves(List<(ulong, AccessRights)> found) : IIoLeafVisitor
    {
        public List<(ulong Address, AccessRights Rights)> Found => found;

        public void Leaf(in IoLeaf leaf) => found.Add((leaf.Address.Value, leaf.Rights));
    }
}
