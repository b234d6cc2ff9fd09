using IommuSpy.Linux.Architecture.Arm64;
using IommuSpy.Linux.Paging;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Linux.Tests.Architecture.Arm64;

/// <summary>Entries as kernels of these releases wrote them, with what the kernel's /proc/PID/pagemap said of each.</summary>
public sealed class Arm64UserEntriesTests
{
    [Theory]
    [InlineData("5.10", 0x1100, 0, 0x11)]
    [InlineData("5.10", 0x1204, 1, 0x12)]
    [InlineData("6.1", 0x1204, 0, 0x12)]
    [InlineData("6.12", 0x1_3004, 0, 0x13)]
    [InlineData("6.12", 0x1_3044, 1, 0x13)]
    public void Swap_entries_are_read_by_release(string release, ulong entry, int type, ulong offset)
    {
        UserEntry read = Entries(release).Read(entry, 1);
        Assert.Equal((false, NonPresentKind.Swap, type, offset), (read.Present, read.Kind!.Value, read.SwapType!.Value, read.SwapOffset!.Value));
    }

    [Theory]
    [InlineData("6.1", 0x04e0_0000_4321_0f82)]
    [InlineData("6.12", 0x00e0_0000_4321_0c82)]
    public void A_page_without_access_is_still_the_processs(string release, ulong entry)
    {
        UserEntry read = Entries(release).Read(entry, 1);
        Assert.Equal((true, new PageFrame(0x43210), NonPresentKind.ProtNone), (read.Present, read.Frame!.Value, read.Kind!.Value));
        Assert.Contains("PROT_NONE", Entries(release).ReadNonPresent(entry, 1).Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Present_pages_and_blocks_are_read_with_their_frame()
    {
        Arm64UserEntries entries = Entries("6.1");
        Assert.Equal((true, new PageFrame(0x43210), true), Of(entries.Read(0x00e8_0000_4321_0f43, 1)));
        Assert.Equal((true, new PageFrame(0x43200), true), Of(entries.Read(0x00e8_0000_4320_0f41, 2)));
        Assert.Equal((true, new PageFrame(0x43210), false), Of(entries.Read(0x01e0_0000_4321_0fc3, 1))); // PTE_SPECIAL
        Assert.Equal(NonPresentKind.Empty, entries.Read(0, 1).Kind);
    }

    [Fact]
    public void A_large_page_that_is_being_split_is_there() =>
        Assert.Equal((true, new PageFrame(0x43200), true), Of(Entries("6.1").Read(0x08e8_0000_4320_0f40, 2)));

    private static (bool, PageFrame, bool) Of(UserEntry entry) => (entry.Present, entry.Frame!.Value, entry.IsNormal);

    private static Arm64UserEntries Entries(string release) => new(
        release switch
        {
            "5.10" => Arm64SwapLayout.Until518,
            "6.1" => Arm64SwapLayout.Until69,
            _ => Arm64SwapLayout.Since610,
        },
        TableFormat.Of<Arm64Format<Granule4K>>(), SwapTypes.Unknown, null);
}
