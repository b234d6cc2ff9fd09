using CsCheck;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Layout;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Layout;

/// <summary>A kernel's own map: whatever the bases are, every address has one region.</summary>
public class KernelLayoutTests
{
    private static readonly Gen<VirtualAddress?> Base = Gen.OneOf(
        Gen.ULong.Select(value => (VirtualAddress?)new VirtualAddress(value)),
        Gen.ULong[0xffff_8000_0000_0000 >> 30, 0xffff_fe00_0000_0000 >> 30].Select(gib => (VirtualAddress?)new VirtualAddress(gib << 30)),
        Gen.Const((VirtualAddress?)null),
        Gen.OneOf<VirtualAddress?>(new VirtualAddress(0), new VirtualAddress(ulong.MaxValue), new VirtualAddress(0xffff_ffff_8000_0000)));

    private static readonly Gen<KernelLayout> Layouts = Gen.Select(
        Gen.Select(Base, Base, Base, Base),
        Gen.OneOf("3.16.59", "4.9.1", "6.1.0", "what"),
        Gen.OneOf(4, 5),
        Gen.Bool,
        (bases, release, levels, shadow) => KernelLayout.Of(CpuArchitecture.All[0], Facts(bases, release, levels), shadow));

    [Fact]
    public void RegionsCoverEveryAddressOnceWhateverTheBasesAre() => Layouts.Sample(layout =>
    {
        Assert.Equal(0UL, layout.Regions[0].Start.Value);
        Assert.Equal(ulong.MaxValue, layout.Regions[^1].End.Value);
        Assert.All(layout.Regions, region => Assert.True(region.Start.CompareTo(region.End) <= 0));
        Assert.All(layout.Regions.Zip(layout.Regions.Skip(1)), pair => Assert.Equal(pair.First.End.Value + 1, pair.Second.Start.Value));
    });

    [Fact]
    public void AnAddressIsInItsRegion() => Gen.Select(Layouts, Gen.ULong).Sample((layout, address) =>
        Assert.Equal(Assert.Single(layout.Regions, region => region.Contains(new(address))), layout.RegionOf(new(address))));

    [Fact]
    public void TheEdgesOfARegionAreInIt() => Layouts.Sample(layout => Assert.All(layout.Regions, region =>
    {
        Assert.Equal(region, layout.RegionOf(region.Start));
        Assert.Equal(region, layout.RegionOf(region.End));
    }));

    /// <summary>A base that is found is where its region begins, and its source is told; the rest is where the documentation has it.</summary>
    [Fact]
    public void FoundBasesMoveTheirRegions()
    {
        KernelLayout layout = KernelLayout.Of(
            CpuArchitecture.All[0],
            Facts((new(0xffff_8cd1_0000_0000), new(0xffff_a1b5_8000_0000), new(0xffff_ee10_4000_0000), new(0xffff_ffff_c000_0000)), "6.12.0", 4),
            hasShadow: false);
        Assert.Equal(
            [
                "0000000000000000-00007fffffffffff user space, documented",
                "0000800000000000-ffff7fffffffffff non-canonical, documented",
                "ffff800000000000-ffff87ffffffffff hole, between regions",
                "ffff880000000000-ffff887fffffffff LDT remap, documented",
                "ffff888000000000-ffff8cd0ffffffff hole, between regions",
                "ffff8cd100000000-ffffa1b57fffffff direct map, moved, test",
                "ffffa1b580000000-ffffc1b57fffffff vmalloc, moved, test",
                "ffffc1b580000000-ffffee103fffffff hole, between regions",
                "ffffee1040000000-ffffef103fffffff vmemmap, moved, test",
                "ffffef1040000000-fffffdffffffffff hole, between regions",
                "fffffe0000000000-fffffe7fffffffff cpu_entry_area, documented",
                "fffffe8000000000-fffffeffffffffff hole, between regions",
                "ffffff0000000000-ffffff7fffffffff %esp fixup stacks, documented",
                "ffffff8000000000-ffffffeeffffffff hole, between regions",
                "ffffffef00000000-fffffffeffffffff EFI runtime, documented",
                "ffffffff00000000-ffffffff7fffffff hole, between regions",
                "ffffffff80000000-ffffffffbfffffff kernel text, documented",
                "ffffffffc0000000-fffffffffeffffff modules, moved, test",
                "ffffffffff000000-ffffffffff5fffff fixmap, documented",
                "ffffffffff600000-ffffffffff600fff vsyscall, documented",
                "ffffffffff601000-ffffffffffffffff hole, between regions",
            ],
            layout.Regions.Select(region =>
                $"{region.Start.Value:x16}-{region.End.Value:x16} {region.Name}{(region.Moved ? ", moved" : "")}, {region.Source}"));
    }

    private static KernelFacts Facts((VirtualAddress? Direct, VirtualAddress? Vmalloc, VirtualAddress? Vmemmap, VirtualAddress? Modules) bases, string release,
        int levels)
    {
        static Fact<T> Of<T>(T value)
            where T : IEquatable<T> => new([new(value, "test")]);
        static Fact<VirtualAddress>? Maybe(VirtualAddress? value) => value is VirtualAddress address ? Of(address) : null;
        return new()
        {
            Banner = Of(release),
            Release = Of(release),
            PagingLevels = Of(levels),
            RootTable = Of(new PhysicalAddress(0)),
            PhysicalBase = Of(0UL),
            EntryMask = Of(ulong.MaxValue),
            PageOffsetBase = Maybe(bases.Direct),
            VmallocBase = Maybe(bases.Vmalloc),
            VmemmapBase = Maybe(bases.Vmemmap),
            ModulesBase = Maybe(bases.Modules),
        };
    }
}
