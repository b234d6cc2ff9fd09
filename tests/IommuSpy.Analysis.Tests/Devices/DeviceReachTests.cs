using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Tests.Exposure;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Tests.Devices;

/// <summary>From pages to devices, on tables built in code.</summary>
public sealed class DeviceReachTests : IDisposable
{
    private readonly Stage _stage = new();

    public void Dispose() => _stage.Dispose();

    [Fact]
    public void Every_way_to_a_page_is_named()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0xffff_e000, 0x50_0000, AccessRights.Read, 2);
        _stage.Map(root, 0x8000_0000, 0x50_1000, AccessRights.Write);
        _stage.Map(_stage.Device(4), 0x1000, 0x50_1000);
        DeviceReach reach = _stage.Build().Reach;
        Assert.Equal(
            [("0000:00:03.0", 0x8000_0000UL, AccessRights.Write), ("0000:00:03.0", 0xffff_f000UL, AccessRights.Read),
                ("0000:00:04.0", 0x1000UL, Stage.ReadWrite)],
            reach.ReachersOf(new(0x501)).Select(way => (way.Device.Address.ToString(), way.Address.Value, way.Rights)));
        Assert.Single(reach.ReachersOf(new(0x500)));
        Assert.Empty(reach.ReachersOf(new(0x502)));
        Assert.Equal([3UL * PageFrame.Size, PageFrame.Size], reach.Devices.Select(reach.MappedBytes).OfType<ulong>());
    }

    [Fact]
    public void A_page_that_is_mapped_again_and_again_is_named_as_often()
    {
        PhysicalAddress root = _stage.Device(3);
        for (ulong i = 0; i < 5; i++)
        {
            _stage.Map(root, 0x10_0000 + (i << 12), 0x50_0000);
        }

        DeviceReach reach = _stage.Build().Reach;
        Assert.Equal([0x10_0000UL, 0x10_1000UL, 0x10_2000UL, 0x10_3000UL, 0x10_4000UL], reach.ReachersOf(new(0x500)).Select(way => way.Address.Value));
        Assert.Equal(1, reach.Extents);
    }

    [Fact]
    public void Devices_that_nothing_restricts_are_named_apart_and_not_expanded()
    {
        _stage.Device(3, Translation.Devices.DmaMode.PassThrough);
        _stage.Device(4, served: false);
        _stage.Device(5, Translation.Devices.DmaMode.Blocked);
        DeviceReach reach = _stage.Build().Reach;
        Assert.Equal(["0000:00:03.0", "0000:00:04.0"], reach.Unrestricted.Select(device => device.Address.ToString()));
        Assert.Empty(reach.ReachersOf(new(0x500)));
        Assert.Equal([null, null, 0UL], reach.Devices.Select(reach.MappedBytes));
    }

    [Fact]
    public void Entries_that_let_nothing_through_reach_nothing()
    {
        PhysicalAddress root = _stage.Device(3);
        _stage.Map(root, 0x1000, 0x50_0000, AccessRights.None);
        Assert.Empty(_stage.Build().Reach.ReachersOf(new(0x500)));
    }
}
