using IommuSpy.Linux.Tracing;

namespace IommuSpy.Linux.Tests.Tracing;

public sealed class MappingEventTests
{
    // As the kernels printed them: 6.12's probe, 5.10's intel_iommu events.
    [Theory]
    [InlineData("              dd-300     [001] .N...    24.006363: m: (__iommu_map+0x0/0x280) domain=0xffff8c9dc1c57c10 iova=0xfff40000 size=4096", "m",
        24_006_363, 0xffff8c9dc1c57c10, null, 0xfff40000, 4096)]
    [InlineData("          <idle>-0       [001] d.h1.    24.012487: m: (__iommu_unmap+0x0/0x1d0) domain=18446617207921540112 iova=4294311936 size=131072", "m",
        24_012_487, 0xffff8c9dc1c57c10, null, 0xfff60000, 131072)]
    [InlineData("              dd-250     [000] ....    23.946431: map_sg: dev=0000:00:02.0 [9/9] dev_addr=0xffe8a000 phys_addr=0x1f931000 size=20480",
        "map_sg", 23_946_431, null, "0000:00:02.0", 0xffe8a000, 20480)]
    [InlineData("            a: b-250     [000] d.h. 1000000.000001: unmap_single: dev=0000:00:02.0 dev_addr=0xffe80000 size=61440", "unmap_single",
        1_000_000_000_001, null, "0000:00:02.0", 0xffe80000, 61440)]
    public void A_line_is_read(string line, string name, long microseconds, ulong? domain, string? device, ulong address, ulong length)
    {
        MappingEvent expected = new(microseconds, true, domain is ulong pointer ? new(pointer) : null, device, new(address), length);
        Assert.Equal(expected, MappingEvent.Parse(line, name, isMap: true));
        Assert.Null(MappingEvent.Parse(line, name + "x", isMap: true));
    }

    [Fact]
    public void A_cut_line_is_none_or_says_less()
    {
        const string Line = "              dd-300     [001] .N...    24.006363: m: (__iommu_map+0x0/0x280) domain=0xffff8c9dc1c57c10 iova=0xfff40000 size=4096";
        for (int length = 0; length < Line.IndexOf("size=", StringComparison.Ordinal) + 5; length++)
        {
            Assert.Null(MappingEvent.Parse(Line.AsSpan(0, length), "m", isMap: true));
        }

        Assert.Null(MappingEvent.Parse(Line.Replace("24.006363", "99999999999999999999.000000", StringComparison.Ordinal), "m", isMap: true));
        Assert.Null(MappingEvent.Parse(Line.Replace("size=4096", "size=-1", StringComparison.Ordinal), "m", isMap: true));
    }

    [Theory]
    [InlineData(0x1040, 0x1000, false, 0x1000, 0x2000)]
    [InlineData(0x1040, 0x1000, true, 0x1000, 0x1000)]
    [InlineData(0x1000, 1, false, 0x1000, 0x1000)]
    [InlineData(0x1ffe, 3, false, 0x1000, 0x2000)]
    public void It_is_about_whole_pages(ulong address, ulong length, bool isLengthOfPages, ulong first, ulong bytes)
    {
        MappingEvent whole = new MappingEvent(0, true, null, "d", new(address), length).WholePages(isLengthOfPages);
        Assert.Equal((first, bytes), (whole.Address.Value, whole.Length));
    }
}
