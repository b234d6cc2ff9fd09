using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.Tests.Devices;

/// <summary>Second-stage tables, entry by entry (VT-d specification, 9.8 to 9.12).</summary>
public class VtdSecondStageTests
{
    private const ulong Root = BuiltTables.Root;
    private const ulong ReadWrite = 3;
    private const ulong Large = 1UL << 7;

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void A_small_page_is_found_at_the_end_of_every_depth(int levels)
    {
        List<(ulong, ulong)> words = [];
        for (int level = levels; level > 1; level--)
        {
            words.Add((Root + ((ulong)(levels - level) * 0x1000) + (8 * 2), (Root + ((ulong)(levels - level + 1) * 0x1000)) | ReadWrite));
        }

        words.Add((Root + ((ulong)(levels - 1) * 0x1000) + (8 * 2), 0x5000 | ReadWrite));
        using BuiltMemory memory = BuiltTables.Build([.. words]);
        ulong address = Enumerable.Range(0, levels).Aggregate(0UL, (sum, i) => sum | (2UL << (12 + (9 * i)))) + 0x123;
        AddressTranslation translation = BuiltTables.Translate(new(memory.Memory, IoTableFormat.VtdSecondStage, new(Root), levels), address);
        Assert.Equal(new PhysicalAddress(0x5123), translation.Physical);
        Assert.Equal(levels, translation.Steps.Count);
    }

    [Theory]
    [InlineData(ReadWrite, AccessRights.Read | AccessRights.Write)]
    [InlineData(1, AccessRights.Read)]
    [InlineData(2, AccessRights.Write)]
    public void Rights_are_those_that_every_level_lets_through(ulong above, AccessRights expected)
    {
        using BuiltMemory memory = BuiltTables.Build((Root, 0x2_0000 | ReadWrite), (0x2_0000, 0x3_0000 | above), (0x3_0000, 0x5000 | ReadWrite));
        Assert.Equal(expected, BuiltTables.Translate(new(memory.Memory, IoTableFormat.VtdSecondStage, new(Root), 3), 0).Rights);
    }

    [Fact]
    public void Levels_that_let_through_nothing_in_common_map_without_permission()
    {
        using BuiltMemory memory = BuiltTables.Build((Root, 0x2_0000 | 1), (0x2_0000, 0x3_0000 | 2), (0x3_0000, 0x5000 | ReadWrite));
        DeviceContext context = Context(new(memory.Memory, IoTableFormat.VtdSecondStage, new(Root), 3));
        Assert.Equal(DeviceFault.NoPermission, context.Translate(new(0)).Fault);
    }

    [Fact]
    public void Large_pages_map_their_whole_size_and_fault_on_bits_below_it()
    {
        using BuiltMemory memory = BuiltTables.Build(
            (Root, 0x2_0000 | ReadWrite), (Root + 8, 0x4000_0000 | ReadWrite | Large), (0x2_0000, 0x4020_0000 | ReadWrite | Large),
            (0x2_0008, 0x4020_1000 | ReadWrite | Large));
        IoAddressSpace space = new(memory.Memory, IoTableFormat.VtdSecondStage, new(Root), 3);
        Assert.Equal(0x4020_0000UL + 0x1f_f123, BuiltTables.Translate(space, 0x1f_f123).Physical?.Value);
        Assert.Equal(0x4000_0000UL + 0x3fff_f123, BuiltTables.Translate(space, 0x4000_0000 + 0x3fff_f123).Physical?.Value);
        AddressTranslation wrong = BuiltTables.Translate(space, 0x20_0000);
        Assert.Equal(TranslationOutcome.ReservedBits, wrong.Outcome);
        Assert.Equal(0x1000UL, wrong.Last?.ReservedBits);
    }

    [Fact]
    public void Each_way_to_fail_is_told_apart()
    {
        using BuiltMemory memory = BuiltTables.Build((Root, 0x2_0000 | ReadWrite), (Root + 8, 0x7fff_f000 | ReadWrite), (0x2_0000, 0x3_0000 | ReadWrite),
            (0x3_0000, 0x5000 | 1));
        DeviceContext context = Context(new(memory.Memory, IoTableFormat.VtdSecondStage, new(Root), 3));
        Assert.Equal(DeviceFault.None, context.Translate(new(0)).FaultOf(write: false));
        Assert.Equal(DeviceFault.NoWritePermission, context.Translate(new(0)).FaultOf(write: true));
        Assert.Equal(DeviceFault.NotPresent, context.Translate(new(0x1000)).Fault);
        Assert.Equal(DeviceFault.TableOutsideImage, context.Translate(new(0x4000_0000)).Fault);
        Assert.Equal(DeviceFault.BeyondWidth, context.Translate(new(1UL << 39)).Fault);
        Assert.Equal(DeviceFault.InterruptAddress, context.Translate(new(0xfee0_1004)).Fault);
    }

    private static DeviceContext Context(IoAddressSpace space) =>
        new(new(0, 2, 0), null, DmaMode.Translated, 1, space, AccessRights.Read | AccessRights.Write, default, [], DeviceTlb: false, null);
}
