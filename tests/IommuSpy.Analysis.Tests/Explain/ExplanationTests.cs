using IommuSpy.Analysis.Explain;
using IommuSpy.Analysis.Who;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Layout;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Analysis.Tests.Explain;

/// <summary>Explanations of a machine whose every answer is known.</summary>
public class ExplanationTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    private const ulong StructPage = 64;

    private Machine Machine => shared.Machine;

    [Fact]
    public void AnAddressOfTheImageHasSymbolSectionSumAndAliases()
    {
        VirtualAddress banner = shared.Kernel.Places["linux_banner"];
        Explanation explanation = Explanation.Of(Machine, banner + 5);
        Assert.Equal("kernel virtual address", explanation.Kind);
        Assert.Equal(("kernel text", new VirtualAddress(0xffff_ffff_8000_0000)), (explanation.Region!.Name, explanation.Region.Start));
        Assert.Equal(("linux_banner+0x5", 'R', "kernel rodata"), (explanation.Symbol, explanation.SymbolType, explanation.Content));
        Assert.Equal(new PhysicalAddress(0x0118_0045), explanation.Physical);
        Assert.Equal(new PageFrame(0x1180), explanation.Pfn);
        Assert.Equal("0xffffffff81180045 - 0xffffffff80000000 + 0x0 (phys_base) = 0x1180045", explanation.Arithmetic);
        Assert.Equal(new PhysicalAddress(0x1000_0000), explanation.MemoryRange!.End);
        Assert.Equal(
            ["0xffff888001180045 kernel logical address (direct map) kernel rw-", "0xffffea0000046000 its struct page (vmemmap) kernel rw-"],
            explanation.AlsoAt.Select(Text));
    }

    [Fact]
    public void AKernelLogicalAddressHasTheSumThatItsTablesBearOut()
    {
        Explanation explanation = Explanation.Of(Machine, new VirtualAddress(0xffff_8880_0118_0045));
        Assert.Equal(("kernel logical address", "direct map"), (explanation.Kind, explanation.Region!.Name));
        Assert.Equal("0xffff888001180045 - page_offset_base 0xffff888000000000 = 0x1180045", explanation.Arithmetic);
        Assert.Equal(
            ["0xffffffff81180045 kernel virtual address (kernel text, linux_banner+0x5) kernel r-x", "0xffffea0000046000 its struct page (vmemmap) kernel rw-"],
            explanation.AlsoAt.Select(Text));
        Assert.EndsWith(
            "= 0x10000000, but the tables map nothing there",
            Explanation.Of(Machine, new VirtualAddress(0xffff_8880_1000_0000)).Arithmetic,
            StringComparison.Ordinal);
    }

    [Fact]
    public void AnAddressInVmemmapNamesItsFrame()
    {
        Assert.Equal("struct page of pfn 0x1180 (physical 0x0000000001180000)", Explanation.Of(Machine, new VirtualAddress(0xffff_ea00_0004_6000)).Content);
        Assert.Equal("struct page of pfn 0x1180 (physical 0x0000000001180000), 0x8 bytes into it",
            Explanation.Of(Machine, new VirtualAddress(0xffff_ea00_0004_6008)).Content);
    }

    [Theory]
    [InlineData(0xffff_ffff_ff57_a000, "fixmap slot 645, counted down from 0xffffffffff7ff000")]
    [InlineData(0xffff_ffff_8500_0000, "outside the kernel's image, in the space kept for it")]
    [InlineData(0xffff_c900_0000_0000, null)]
    public void ARegionTellsOfItsContent(ulong address, string? content) => Assert.Equal(content, Explanation.Of(Machine, new VirtualAddress(address)).Content);

    /// <summary>Every byte of the image, by its first and last address of each page, is explained as the physical byte that it is.</summary>
    [Fact]
    public void APhysicalAddressHasTheSameAliasesAsItsVirtualOnes()
    {
        Explanation physical = Explanation.Of(Machine, new PhysicalAddress(0x0118_0045));
        Assert.Equal(("physical address", "linux_banner+0x5"), (physical.Kind, physical.Symbol));
        Assert.Null(physical.Walk);
        Assert.Null(physical.Region);
        Assert.Equal(
            [
                "0xffff888001180045 kernel logical address (direct map) kernel rw-",
                "0xffffffff81180045 kernel virtual address (kernel text, linux_banner+0x5) kernel r-x",
                "0xffffea0000046000 its struct page (vmemmap) kernel rw-",
            ],
            physical.AlsoAt.Select(Text));
    }

    /// <summary>For a page of every region and of every process: exactly the addresses that a plain walk over all leaves finds.</summary>
    [Fact]
    public void AliasesAreThoseOfAPlainWalk()
    {
        List<NaiveLeaf> leaves = [.. NaiveLeaf.All(Machine.Kernel.Memory, shared.Kernel.Root).Where(leaf => leaf.Virtual > long.MaxValue)];
        foreach (ulong physical in leaves.Where((_, i) => i % 29 == 0).Select(leaf => leaf.Physical + 0x123)
            .Concat(shared.Kernel.Processes.SelectMany(process => process.Pages).Select(page => page.Physical.Value + 0x123)))
        {
            IEnumerable<ulong> expected = leaves.Where(leaf => physical - leaf.Physical < leaf.Size).Select(leaf => leaf.Virtual + (physical - leaf.Physical));
            ulong structPage = shared.Kernel.Made.Vmemmap + (physical / 4096 * StructPage);
            bool hasStructPage = leaves.Any(leaf => structPage - leaf.Virtual < leaf.Size);
            Assert.Equal(
                hasStructPage ? expected.Append(structPage) : expected,
                Explanation.Of(Machine, new PhysicalAddress(physical)).AlsoAt.Select(alias => alias.Virtual.Value));
        }
    }

    /// <summary>Where 3.16 documents the direct map, this kernel has another region: the seed's own address says so.</summary>
    [Fact]
    public void ARegionTellsWhatOtherReleasesDocumentThere()
    {
        RegionOffset seed = Explanation.Of(Machine, new VirtualAddress(0xffff_8800_0000_0000)).Region!;
        Assert.Equal((RegionKind.LdtRemap, "direct mapping of all physical memory (Linux 3.x - 4.7 and 4.8 - 4.19)"), (seed.Kind, seed.Elsewhere));
        RegionOffset text = Explanation.Of(Machine, new VirtualAddress(0xffff_ffff_8000_0000)).Region!;
        Assert.Equal((RegionKind.KernelText, null), (text.Kind, text.Elsewhere));
    }

    [Fact]
    public void AUserAddressIsAskedInEveryProcess()
    {
        Explanation explanation = Explanation.Of(Machine, new VirtualAddress(0x0040_0123));
        Assert.Equal("user virtual address", explanation.Kind);
        Assert.Null(explanation.Walk);
        Assert.Null(explanation.Physical);
        Assert.Equal(5, explanation.SpacesAsked);
        Assert.Equal(
            shared.Kernel.Processes.Select(process => (process.Root, (PhysicalAddress?)(process.Pages[0].Physical + 0x123), (ulong?)4096UL, "user r-x")),
            explanation.Spaces.Select(space => (space.Root, space.Physical, space.PageSize, space.Rights!)));
    }

    /// <summary>Of the processes only the first has something there: a page on a swap device.</summary>
    [Fact]
    public void AProcessThatHoldsSomethingThereIsListedWithoutAPage()
    {
        SpaceReport space = Assert.Single(Explanation.Of(Machine, new VirtualAddress(SharedMachine.Odd)).Spaces);
        Assert.Equal((shared.Kernel.Processes[0].Root, null, "swapped out: device 0, page 0x1234 of it"), (space.Root, space.Physical, space.Reason));
    }

    [Fact]
    public void AUserAddressWithARootIsExplainedThere()
    {
        BuiltProcess process = shared.Kernel.Processes[2];
        Explanation explanation = Explanation.Of(Machine, new VirtualAddress(0x0040_0123), process.Root);
        Assert.Equal(process.Pages[0].Physical + 0x123, explanation.Physical);
        Assert.Empty(explanation.Spaces);
        Assert.Empty(explanation.MappedBy);
        Assert.Equal(5, explanation.SpacesAsked);
        Assert.Equal([$"{new VirtualAddress(0xffff_8880_0000_0000 + explanation.Physical!.Value.Value)} kernel logical address (direct map) kernel rw-"],
            explanation.AlsoAt.Take(1).Select(Text));
    }

    /// <summary>For every page of every process: exactly the user addresses that a plain walk over all processes' leaves finds.</summary>
    [Fact]
    public void ThoseWhoMapAPageAreThoseOfAPlainWalk()
    {
        (PhysicalAddress Root, NaiveLeaf Leaf)[] leaves =
        [
            .. shared.Kernel.Processes.SelectMany(process =>
                NaiveLeaf.All(Machine.Kernel.Memory, process.UserHalf!.Value).Where(leaf => leaf.Virtual <= long.MaxValue)
                    .Select(leaf => (process.Root, leaf))),
        ];
        foreach (PhysicalAddress physical in leaves.Select(mapped => new PhysicalAddress(mapped.Leaf.Physical + 0x123)).Distinct())
        {
            Assert.Equal(
                leaves.Where(mapped => physical.Value - mapped.Leaf.Physical < mapped.Leaf.Size)
                    .Select(mapped =>
                        new MapperReport(null, null, mapped.Root, new(mapped.Leaf.Virtual + 0x123), RightsText.Of(mapped.Leaf.Rights), mapped.Leaf.Size)),
                Explanation.Of(Machine, physical).MappedBy);
        }
    }

    [Fact]
    public void AUserAddressNamesTheOthersWhoMapItsPage()
    {
        BuiltProcess second = shared.Kernel.Processes[1];
        MapperReport other = Assert.Single(Explanation.Of(Machine, second.Pages[0].Address, second.Root).MappedBy);
        Assert.Equal((shared.Kernel.Processes[0].Root, new VirtualAddress(SharedMachine.Shared), "user r-x"), (other.Root, other.Virtual, other.Rights));
    }

    [Fact]
    public void MemoryThatTheImageLacksHasNoRange()
    {
        Explanation explanation = Explanation.Of(Machine, new PhysicalAddress(0xfee0_0020));
        Assert.Null(explanation.MemoryRange);
        Assert.Equal(["0xffffffffff57a020 kernel virtual address (fixmap) kernel rw-"], explanation.AlsoAt.Select(Text));
    }

    [Fact]
    public void ANonCanonicalAddressIsNoAddress()
    {
        Explanation explanation = Explanation.Of(Machine, new VirtualAddress(0x1234_5678_9abc_def0));
        Assert.Equal(("non-canonical address", "non-canonical"), (explanation.Kind, explanation.Region!.Name));
        Assert.Null(explanation.Physical);
        Assert.Empty(explanation.AlsoAt);
    }

    private static string Text(AliasReport alias) => $"{alias.Virtual} {alias.What} {alias.Rights}";
}
