using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Translation.Tests.Devices;

/// <summary>How units look up a device: VT-d's root, context and PASID tables, AMD-Vi's device table.</summary>
public class DeviceTableTests
{
    private const ulong Root = BuiltTables.Root;
    private static readonly RequesterId Disk = new(0, 0x1f, 2);

    [Theory]
    [InlineData(0x3_0001UL, 0x0501UL, DmaMode.Translated)]
    [InlineData(0x3_0005UL, 0x0501UL, DmaMode.Translated)]
    [InlineData(0x0009UL, 0x0502UL, DmaMode.PassThrough)]
    [InlineData(0x3_000dUL, 0x0501UL, DmaMode.Invalid)]
    [InlineData(0x3_0001UL, 0x0500UL, DmaMode.Invalid)]
    [InlineData(0x3_0001UL, 0x0504UL, DmaMode.Invalid)]
    [InlineData(0x3_0011UL, 0x0501UL, DmaMode.Invalid)]
    [InlineData(0x3_0001UL, 0x0100_0501UL, DmaMode.Invalid)]
    [InlineData(0x3_0000UL, 0x0501UL, DmaMode.Blocked)]
    public void Legacy_context_entries(ulong low, ulong high, DmaMode expected)
    {
        ulong entry = 0x2_0000 + ((ulong)Disk.DeviceFunction * 16);
        using BuiltMemory memory = BuiltTables.Build((Root, 0x2_0001), (entry, low), (entry + 8, high));
        DeviceContext context = new VtdDeviceTables(memory.Memory, new(Root), scalable: false).ContextOf(Disk);
        Assert.Equal(expected, context.Mode);
        Assert.Equal(expected is DmaMode.Translated or DmaMode.PassThrough, context.Problem is null);
        Assert.Equal((low & 0xc) == 4 && expected != DmaMode.Blocked, context.DeviceTlb);
        if (expected == DmaMode.Translated)
        {
            Assert.Equal(5, context.Domain);
            Assert.Equal(0x3_0000UL, context.Space?.Root.Value);
            Assert.Equal(3, context.Space?.Levels);
        }
    }

    [Theory]
    [InlineData(1, IoTableFormat.VtdFirstStage)]
    [InlineData(2, IoTableFormat.VtdSecondStage)]
    [InlineData(3, IoTableFormat.VtdNested)]
    public void Scalable_entries_lead_over_the_PASID_table(int type, IoTableFormat expected)
    {
        using BuiltMemory memory = Scalable(type);
        VtdDeviceTables tables = new(memory.Memory, new(Root), scalable: true);
        DeviceContext plain = tables.ContextOf(Disk);
        Assert.Equal(expected, plain.Space?.Format);
        Assert.Equal(7, plain.Domain);
        Assert.Equal(DmaMode.Blocked, tables.ContextOf(Disk, 65).Mode);
        Assert.Equal(DmaMode.Blocked, tables.ContextOf(new(0, 1, 0)).Mode);
        Assert.Equal(Disk, Assert.Single(tables.Contexts(out bool cut)).Requester);
        Assert.False(cut);
    }

    [Fact]
    public void Scalable_pass_through()
    {
        using BuiltMemory memory = Scalable(4);
        Assert.Equal(DmaMode.PassThrough, new VtdDeviceTables(memory.Memory, new(Root), scalable: true).ContextOf(Disk).Mode);
    }

    [Fact]
    public void Nested_tables_are_translated_again_from_their_root_to_their_leaves()
    {
        // Second stage: 0x1000 of the guest at 0x50000, 0x2000 at 0x51000... The first stage's tables are at 0x1000 to 0x4000 and its page at 0x9000, for the
        // guest.
        const ulong SecondLeaf = 0x4_2000;
        List<(ulong, ulong)> words = [(0x4_0000, 0x4_1003), (0x4_1000, SecondLeaf | 3)];
        for (ulong page = 1; page < 10; page++)
        {
            words.Add((SecondLeaf + (page * 8), (0x5_0000 + ((page - 1) * 0x1000)) | (page == 9 ? 1UL : 3)));
        }

        words.AddRange([(0x5_0000, 0x2007), (0x5_1000, 0x3007), (0x5_2000, 0x4007), (0x5_3000, 0x9007), (0x5_3008, 0xa007)]);
        using BuiltMemory memory = BuiltTables.Build([.. words]);
        IoAddressSpace space = IoAddressSpace.Nested(new(memory.Memory, IoTableFormat.VtdSecondStage, new(0x4_0000), 3), new(0x1000), 4);
        AddressTranslation translation = BuiltTables.Translate(space, 0x123);
        Assert.Equal(0x5_8123UL, translation.Physical?.Value);
        Assert.Equal(AccessRights.Read, translation.Rights);
        Assert.Equal(7, translation.Steps.Count);
        Assert.Null(BuiltTables.Translate(space, 0x1000).Physical);
    }

    [Theory]
    [InlineData(0UL, DmaMode.PassThrough)]
    [InlineData(1UL, DmaMode.Blocked)]
    [InlineData(3UL, DmaMode.Blocked)]
    [InlineData(0x6000_0000_0000_0003UL, DmaMode.PassThrough)]
    [InlineData(0x6000_0000_0003_0603UL, DmaMode.Translated)]
    [InlineData(0x6000_0000_0003_0e03UL, DmaMode.Invalid)]
    [InlineData(0x6000_0000_0003_0613UL, DmaMode.Invalid)]
    public void Device_table_entries(ulong first, DmaMode expected)
    {
        ulong entry = Root + ((ulong)Disk.Value * 32);
        using BuiltMemory memory = BuiltTables.Build((entry, first), (entry + 8, 9));
        AmdViDeviceTables tables = new(memory.Memory, new(Root), 0x2000);
        DeviceContext context = tables.ContextOf(Disk);
        Assert.Equal(expected, context.Mode);
        if (expected == DmaMode.Translated)
        {
            Assert.Equal(3, context.Space?.Levels);
            Assert.Equal(0x3_0000UL, context.Space?.Root.Value);
            Assert.Equal(9, context.Domain);
        }

        Assert.Equal(DmaMode.Blocked, tables.ContextOf(new(1, 0, 0)).Mode);
    }

    [Fact]
    public void Guest_tables_hang_from_the_GCR3_table()
    {
        // GV, GIOV, GLX 0; the GCR3 table at 0x41000 is in three pieces.
        const ulong Table = 0x4_1000;
        ulong first = 0x6000_0000_0000_0003 | (3UL << 54) | (((Table >> 12) & 7) << 58);
        ulong second = 9 | (((Table >> 15) & 0xffff) << 16) | ((Table >> 31) << 43);
        ulong entry = Root + ((ulong)Disk.Value * 32);
        using BuiltMemory memory = BuiltTables.Build((entry, first), (entry + 8, second), (Table, 0x4_2001), (Table + (5 * 8), 0x4_3001), (0x4_2000, 0x4_4007),
            (0x4_4000, 0x4_5007), (0x4_5000, 0x4_6007), (0x4_6000, 0x7007));
        AmdViDeviceTables tables = new(memory.Memory, new(Root), 0x2000);
        Assert.Equal(IoTableFormat.AmdViGuest, tables.ContextOf(Disk).Space?.Format);
        Assert.Equal(0x7123UL, tables.ContextOf(Disk).Translate(new(0x123)).Physical?.Value);
        Assert.Equal(0x4_3000UL, tables.ContextOf(Disk, 5).Space?.Root.Value);
        Assert.Equal(DmaMode.Blocked, tables.ContextOf(Disk, 6).Mode);
        Assert.Equal([null, 5], tables.Contexts(out _).Select(context => context.Pasid));
    }

    [Theory]
    [InlineData("00:1f.2", 0x00fa, 0)]
    [InlineData("0000:00:1f.2", 0x00fa, 0)]
    [InlineData("0001:ff:1f.7", 0xffff, 1)]
    [InlineData("0:1f.2", 0x00fa, 0)]
    [InlineData("10000:00:02.0", 0x0010, 0x10000)]
    public void A_device_is_named_with_its_segment_or_without(string text, int value, int segment)
    {
        Assert.True(RequesterId.TryParse(text, out RequesterId requester));
        Assert.Equal(new RequesterId((uint)segment, (ushort)value), requester);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1f.2")]
    [InlineData("00:20.0")]
    [InlineData("00:1f.8")]
    [InlineData("00:1f.")]
    [InlineData("000000000:00:1f.2")]
    [InlineData("100:00.0")]
    [InlineData("00:1f.2:5")]
    public void What_names_no_device_is_refused(string text) => Assert.False(RequesterId.TryParse(text, out _));

    // RID_PASID 3; the context table's upper half is at 0x21000.
    private static BuiltMemory Scalable(int type)
    {
        ulong context = 0x2_1000 + ((ulong)(Disk.DeviceFunction - 128) * 32);
        const ulong Pasid = 0x2_3000 + (3 * 64);
        return BuiltTables.Build(
            (Root + 8, 0x2_1001), (context, 0x2_2001), (context + 8, 3), (0x2_2000, 0x2_3001), (Pasid, 0x3_0001 | (2UL << 2) | ((ulong)type << 6)),
            (Pasid + 8, 7), (Pasid + 16, 0x3_1001));
    }
}
