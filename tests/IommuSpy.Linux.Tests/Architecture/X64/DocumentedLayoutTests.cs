using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Linux.Tests.Architecture.X64;

/// <summary>The documented maps, row by row.</summary>
public class DocumentedLayoutTests
{
    public static TheoryData<string> Maps => [.. X64Layouts.All.Select(Name)];

    /// <summary>Documentation/x86/x86_64/mm.txt of 3.16.59; the EFI row from its last paragraph.</summary>
    [Fact]
    public void Linux316IsAsItsDocumentHasIt() => Assert.Equal(
        [
            "0000000000000000-00007fffffffffff UserSpace",
            "0000800000000000-ffff7fffffffffff NonCanonical",
            "ffff800000000000-ffff80ffffffffff Hole",
            "ffff880000000000-ffffc7ffffffffff DirectMap",
            "ffffc80000000000-ffffc8ffffffffff Hole",
            "ffffc90000000000-ffffe8ffffffffff Vmalloc",
            "ffffe90000000000-ffffe9ffffffffff Hole",
            "ffffea0000000000-ffffeaffffffffff Vmemmap",
            "ffffff0000000000-ffffff7fffffffff EspFixup",
            "ffffffef00000000-fffffffeffffffff Efi",
            "ffffffff80000000-ffffffff9fffffff KernelText",
            "ffffffffa0000000-ffffffffff5fffff Modules",
            "ffffffffff600000-ffffffffffdfffff Vsyscall",
            "ffffffffffe00000-ffffffffffffffff Hole",
        ],
        X64Layouts.Linux316.Regions.Select(Row));

    /// <summary>Documentation/arch/x86/x86_64/mm.rst, the bases and what is fixed.</summary>
    [Theory]
    [InlineData(4, RegionKind.LdtRemap, 0xffff_8800_0000_0000, 0xffff_887f_ffff_ffff)]
    [InlineData(4, RegionKind.DirectMap, 0xffff_8880_0000_0000, 0xffff_c87f_ffff_ffff)]
    [InlineData(4, RegionKind.Vmalloc, 0xffff_c900_0000_0000, 0xffff_e8ff_ffff_ffff)]
    [InlineData(4, RegionKind.Vmemmap, 0xffff_ea00_0000_0000, 0xffff_eaff_ffff_ffff)]
    [InlineData(4, RegionKind.KasanShadow, 0xffff_ec00_0000_0000, 0xffff_fbff_ffff_ffff)]
    [InlineData(5, RegionKind.LdtRemap, 0xff10_0000_0000_0000, 0xff10_ffff_ffff_ffff)]
    [InlineData(5, RegionKind.DirectMap, 0xff11_0000_0000_0000, 0xff90_ffff_ffff_ffff)]
    [InlineData(5, RegionKind.Vmalloc, 0xffa0_0000_0000_0000, 0xffd1_ffff_ffff_ffff)]
    [InlineData(5, RegionKind.Vmemmap, 0xffd4_0000_0000_0000, 0xffd5_ffff_ffff_ffff)]
    [InlineData(5, RegionKind.KasanShadow, 0xffdf_0000_0000_0000, 0xffff_fbff_ffff_ffff)]
    [InlineData(5, RegionKind.CpuEntryArea, 0xffff_fe00_0000_0000, 0xffff_fe7f_ffff_ffff)]
    [InlineData(5, RegionKind.EspFixup, 0xffff_ff00_0000_0000, 0xffff_ff7f_ffff_ffff)]
    [InlineData(5, RegionKind.Efi, 0xffff_ffef_0000_0000, 0xffff_fffe_ffff_ffff)]
    [InlineData(5, RegionKind.KernelText, 0xffff_ffff_8000_0000, 0xffff_ffff_9fff_ffff)]
    [InlineData(5, RegionKind.Modules, 0xffff_ffff_a000_0000, 0xffff_ffff_feff_ffff)]
    [InlineData(5, RegionKind.Fixmap, 0xffff_ffff_ff00_0000, 0xffff_ffff_ff5f_ffff)]
    public void TodaysRowsAreAsDocumented(int levels, RegionKind kind, ulong start, ulong end)
    {
        DocumentedRegion row = Assert.Single(X64Layouts.For("6.12.43", levels)!.Regions, row => row.Kind == kind);
        Assert.Equal((start, end), (row.Start.Value, row.End.Value));
    }

    [Theory]
    [MemberData(nameof(Maps))]
    public void RowsAscendWithoutOverlapFromTheFirstAddressToTheLast(string map)
    {
        IReadOnlyList<DocumentedRegion> rows = X64Layouts.All.Single(layout => Name(layout) == map).Regions;
        Assert.Equal(0UL, rows[0].Start.Value);
        Assert.Equal(ulong.MaxValue, rows[^1].End.Value);
        Assert.All(rows, row => Assert.True(row.Start.CompareTo(row.End) < 0, Row(row)));
        Assert.All(rows.Zip(rows.Skip(1)), pair => Assert.True(pair.First.End.CompareTo(pair.Second.Start) < 0, $"{Row(pair.First)}, {Row(pair.Second)}"));
    }

    [Theory]
    [InlineData("3.16", 4, "3.x - 4.7")]
    [InlineData("3.16.59", 4, "3.x - 4.7")]
    [InlineData("3.16.0-11-amd64", 4, "3.x - 4.7")]
    [InlineData("4.4.0-210-generic", 4, "3.x - 4.7")]
    [InlineData("4.7.10", 4, "3.x - 4.7")]
    [InlineData("4.8", 4, "4.8 - 4.19")]
    [InlineData("4.9.0-19-amd64", 4, "4.8 - 4.19")]
    [InlineData("4.14.83", 4, "4.8 - 4.19")]
    [InlineData("4.14.84", 4, "4.20 and later")]
    [InlineData("4.15.0", 4, "4.8 - 4.19")]
    [InlineData("4.19.4", 4, "4.8 - 4.19")]
    [InlineData("4.19.5", 4, "4.20 and later")]
    [InlineData("4.20-rc1", 4, "4.20 and later")]
    [InlineData("5.10.0-33-amd64", 4, "4.20 and later")]
    [InlineData("6.12.43+deb12-amd64", 4, "4.20 and later")]
    [InlineData("7.0.1", 4, "4.20 and later")]
    [InlineData("6.12.43+deb12-amd64", 5, "4.20 and later")]
    [InlineData("7", 5, "4.20 and later")]
    [InlineData("4.19.4", 5, null)]
    [InlineData("3.16", 5, null)]
    [InlineData("", 4, null)]
    [InlineData("linux", 4, null)]
    [InlineData("-1.2", 4, null)]
    public void AReleaseHasItsMap(string release, int levels, string? kernels)
    {
        DocumentedLayout? found = X64Layouts.For(release, levels);
        Assert.Equal(kernels, found?.Kernels);
        Assert.Equal(kernels is null ? null : levels, found?.Levels);
    }

    private static string Name(DocumentedLayout layout) => $"{layout.Kernels}, {layout.Levels} levels";

    private static string Row(DocumentedRegion row) => $"{row.Start.Value:x16}-{row.End.Value:x16} {row.Kind}";
}
