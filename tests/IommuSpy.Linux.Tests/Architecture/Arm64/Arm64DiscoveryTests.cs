using System.Runtime.InteropServices;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Linux.Tests.Architecture.Arm64;

/// <summary>A kernel is found by its tables' shape alone, whatever its pages' size and the width of its addresses.</summary>
public sealed class Arm64DiscoveryTests
{
    public static TheoryData<int> Regimes => [.. Enumerable.Range(0, Arm64Regime.All.Count)];

    [Theory]
    [MemberData(nameof(Regimes))]
    public void The_kernel_is_found_in_every_regime(int which)
    {
        Arm64Regime regime = Arm64Regime.All[which];
        using Arm64Machine machine = new(regime);
        using MemoryImage image = machine.OpenElf();
        var kernel = LinuxKernel.Discover(image);
        KernelFacts facts = kernel.Facts;
        Assert.Equal(("arm64", Arm64Machine.Banner, regime.Levels), (kernel.Architecture.Name, facts.Banner.Value, facts.PagingLevels.Value));
        Assert.Equal((machine.Root, regime.Format, regime.HalfBits + 1), (facts.RootTable.Value, kernel.Mode.Format, kernel.Mode.AddressBits));
        Assert.Equal(
            (new VirtualAddress(machine.Image), new PhysicalAddress(Arm64Machine.ImageAt), Arm64Machine.ImageBytes),
            (kernel.Text.Start, kernel.Text.Physical, kernel.Text.Length));
        Assert.Equal(new VirtualAddress(machine.Linear), facts.PageOffsetBase?.Value);
        Assert.Equal((Arm64Machine.RamBytes, 0UL), (kernel.DirectMapBytes, kernel.MissingBytes));
        Assert.Equal(machine.Image - Arm64Machine.ImageAt, kernel.Architecture.DistanceOf(facts.PhysicalBase.Value));
    }

    /// <summary>Where the linear map is randomised, what stands at its beginning may be far below 0.</summary>
    [Fact]
    public void A_linear_map_that_is_moved_is_found()
    {
        using Arm64Machine machine = new(Arm64Regime.All[1], unchecked((ulong)-21493090091008));
        using MemoryImage image = machine.OpenElf();
        var kernel = LinuxKernel.Discover(image);
        Assert.Equal(new VirtualAddress(machine.Linear), kernel.Facts.PageOffsetBase?.Value);
        Assert.Equal(RegionKind.DirectMap, KernelLayout.Of(kernel).RegionOf(new(machine.Linear + Arm64Machine.Ram)).Kind);
    }

    [Fact]
    public void The_image_is_a_region_of_its_own_inside_vmalloc_space()
    {
        using Arm64Machine machine = new(Arm64Regime.All[0]);
        using MemoryImage image = machine.OpenElf();
        var kernel = LinuxKernel.Discover(image);
        KernelLayout layout = KernelLayout.Of(kernel);
        Assert.Equal(
            [RegionKind.Vmalloc, RegionKind.KernelText, RegionKind.Vmalloc],
            new[] { machine.Image - 1, machine.Image, machine.Image + Arm64Machine.ImageBytes }.Select(at => layout.RegionOf(new(at)).Kind));
        Assert.Equal(RegionKind.DirectMap, layout.RegionOf(new(0xfff0_0000_0000_0000)).Kind);
        Assert.Equal(RegionKind.Vmemmap, layout.RegionOf(new(0xffff_c1ff_c000_0000)).Kind);
        Assert.Equal(RegionKind.UserSpace, layout.RegionOf(new(0x000f_ffff_ffff_ffff)).Kind);
        Assert.Equal(
            ulong.MaxValue, layout.Regions.Aggregate(ulong.MaxValue, (end, region) => region.Start.Value == unchecked(end + 1) ? region.End.Value : end));
    }

    /// <summary>Each page is a root by its entries, and below each lies all of memory: what all candidates may cost together has an end.</summary>
    [Fact]
    public void Memory_that_is_made_of_tables_is_given_up()
    {
        const int Pages = 4096;
        const ulong Ram = 0x4000_0000;
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(Ram), Pages * PageFrame.Size);
        for (ulong page = 0; page < Pages; page++)
        {
            Span<ulong> entries = MemoryMarshal.Cast<byte, ulong>(memory.PageBytes(new((Ram / PageFrame.Size) + page)));
            for (int entry = 0; entry < 60; entry++)
            {
                entries[256 + entry] = (Ram + ((page * 61) + (ulong)entry + 1) % Pages * PageFrame.Size) | 3;
            }
        }

        using BuiltMemory built = memory.Build(Backing.Mapped);
        CpuArchitecture architecture = Assert.Single(CpuArchitecture.All, architecture => architecture.Name == "arm64");
        Assert.Empty(architecture.Roots(built.Memory).Candidates());
    }

    [Fact]
    public void The_kernels_table_is_the_one_root_and_maps_no_user_space()
    {
        using Arm64Machine machine = new(Arm64Regime.All[1]);
        using MemoryImage image = machine.OpenElf();
        RootTable root = Assert.Single(RootTables.FindAll(LinuxKernel.Discover(image)));
        Assert.Equal((machine.Root, RootKind.Kernel, 0UL), (root.Address, root.Kind, root.UserBytes));
    }

    [Fact]
    public void A_table_below_which_nothing_can_be_executed_is_no_root()
    {
        using Arm64Machine machine = new(Arm64Regime.All[1]);
        machine.Memory.Write(machine.Root + (256 * sizeof(ulong)), 0UL);
        for (ulong i = 257; i < 512; i++)
        {
            machine.Memory.Write(machine.Root + (i * sizeof(ulong)), 0UL);
        }

        using MemoryImage image = machine.OpenElf();
        Assert.Throws<LinuxDiscoveryException>(() => LinuxKernel.Discover(image));
    }
}
