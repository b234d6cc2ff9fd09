using IommuSpy.Linux.Architecture.Arm64;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Linux.Tests.Architecture.Arm64;

/// <summary>The documented maps against the values that kernels of those releases have (VMCOREINFO, and the kernel's documentation).</summary>
public sealed class Arm64LayoutTests
{
    [Theory]
    [InlineData("5.10.0-32-arm64", 4, RegionKind.DirectMap, 0xffff_0000_0000_0000, 0xffff_7fff_ffff_ffff)]
    [InlineData("5.10.0-32-arm64", 4, RegionKind.Vmalloc, 0xffff_8000_1000_0000, 0xffff_fdff_bffe_ffff)]
    [InlineData("5.10.0-32-arm64", 4, RegionKind.Vmemmap, 0xffff_fdff_ffe0_0000, 0xffff_ffff_ffdf_ffff)]
    [InlineData("5.10.0-32-arm64", 4, RegionKind.PciIo, 0xffff_fdff_fec0_0000, 0xffff_fdff_ffbf_ffff)]
    [InlineData("6.1.0-56-arm64", 4, RegionKind.Modules, 0xffff_8000_0000_0000, 0xffff_8000_07ff_ffff)]
    [InlineData("6.1.0-56-arm64", 4, RegionKind.Vmalloc, 0xffff_8000_0800_0000, 0xffff_fbff_efff_ffff)]
    [InlineData("6.1.0-56-arm64", 4, RegionKind.Vmemmap, 0xffff_fc00_0000_0000, 0xffff_fdff_ffff_ffff)]
    [InlineData("6.1.0-56-arm64", 4, RegionKind.PciIo, 0xffff_fbff_fe80_0000, 0xffff_fbff_ff7f_ffff)]
    [InlineData("6.6.0", 3, RegionKind.DirectMap, 0xffff_ff80_0000_0000, 0xffff_ffbf_ffff_ffff)]
    [InlineData("6.6.0", 3, RegionKind.Vmemmap, 0xffff_fffe_0000_0000, 0xffff_fffe_ffff_ffff)]
    [InlineData("6.6.0", 4, RegionKind.Modules, 0xffff_8000_0000_0000, 0xffff_8000_7fff_ffff)]
    [InlineData("6.12.95", 4, RegionKind.Vmemmap, 0xffff_fdff_c000_0000, 0xffff_ffff_bfff_ffff)]
    [InlineData("6.12.95", 4, RegionKind.PciIo, 0xffff_ffff_c080_0000, 0xffff_ffff_c17f_ffff)]
    [InlineData("6.12.95", 5, RegionKind.DirectMap, 0xfff0_0000_0000_0000, 0xffff_7fff_ffff_ffff)]
    [InlineData("6.12.95", 5, RegionKind.Vmemmap, 0xffff_c1ff_c000_0000, 0xffff_ffff_bfff_ffff)]
    public void Regions_are_where_the_release_has_them(string release, int levels, RegionKind kind, ulong start, ulong end)
    {
        DocumentedRegion region = Arm64Layouts.For(release, levels)!.Regions.Last(row => row.Kind == kind);
        Assert.Equal((start, end), (region.Start.Value, region.End.Value));
    }

    [Theory]
    [InlineData("4.19.0", 4)]
    [InlineData("6.1.0", 5)]
    [InlineData("6.1.0", 2)]
    [InlineData("next", 4)]
    public void There_is_none_before_and_of_no_other_depth(string release, int levels) => Assert.Null(Arm64Layouts.For(release, levels));

    /// <summary>Rows do not overlap, so that each address is of one.</summary>
    [Fact]
    public void Rows_of_every_map_are_apart() => Assert.All(Arm64Layouts.All, layout =>
    {
        for (int i = 1; i < layout.Regions.Count; i++)
        {
            Assert.True(layout.Regions[i - 1].End.CompareTo(layout.Regions[i].Start) < 0, $"{layout.Kernels}, {layout.Levels} levels: {layout.Regions[i]}");
        }
    });
}
