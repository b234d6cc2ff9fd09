using IommuSpy.Analysis.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests.Devices;

/// <summary>Devices as users write and paste them.</summary>
public class DeviceNameTests
{
    private static readonly IReadOnlyList<(RequesterId Id, string? Driver)> Known =
    [
        (new(0, 0x1f, 2), "ahci"), (new(0, 2, 0), "nvme"), (new(3, 0, 0), "nvme"), (new(3, 0, 1), null), (new(4, 0, 1), null), (new(0x10000, 0x0010), "e1000e"),
        (new(0, 0x10, 0), null), (new(0, 0x10, 6), "xhci_hcd"), (new(1, 6, 4), "igb"),
    ];

    [Theory]
    [InlineData("00:1f.2", "0000:00:1f.2")]
    [InlineData("0:1f.2", "0000:00:1f.2")]
    [InlineData("0000:00:1f.2", "0000:00:1f.2")]
    [InlineData("10000:00:02.0", "10000:00:02.0")]
    [InlineData("05:00.0", "0000:05:00.0")]
    [InlineData("00:1f.2:5", "0000:00:1f.2, PASID 5")]
    [InlineData("00:1f.2:0x20", "0000:00:1f.2, PASID 32")]
    [InlineData("1f.2", "0000:00:1f.2")]
    [InlineData("1f.2:5", "0000:00:1f.2, PASID 5")]
    [InlineData("250", "0000:00:1f.2")]
    [InlineData("0x00fa", "0000:00:1f.2")]
    [InlineData("0xfa", "0000:00:1f.2")]
    [InlineData("00fa", "0000:00:1f.2")]
    [InlineData("ahci", "0000:00:1f.2")]
    [InlineData("e1000e", "10000:00:02.0")]
    [InlineData("xhci_hcd:7", "0000:00:10.6, PASID 7")]
    public void AreFound(string text, string name)
    {
        Assert.True(DeviceName.TryFind(text, () => Known, out DeviceName found, out AddressProblem? problem), problem?.Message);
        Assert.Equal(name, found.ToString());
    }

    [Theory]
    [InlineData(true, "00:20.0", "'00:20.0': device 20: at most 1f")]
    [InlineData(true, "20.0", "'20.0': device 20: at most 1f")]
    [InlineData(true, "00:1f.8", "'00:1f.8': function 8: at most 7")]
    [InlineData(true, "100:00.0", "'100:00.0': bus 100: at most ff")]
    [InlineData(true, "00:1f.2:0x100000", "'00:1f.2:0x100000': what follows the device is no PASID: a number of at most 20 bits")]
    [InlineData(true, "nvme", "'nvme' may be 2 devices: 0000:00:02.0 (nvme), 0000:03:00.0 (nvme); write one of them")]
    [InlineData(true, "00.1", "'00.1' may be 2 devices: 0000:03:00.1 (no driver), 0000:04:00.1 (no driver); write one of them")]
    [InlineData(true, "0x0010", "'0x0010' may be 2 devices: 0000:00:02.0 (nvme), 10000:00:02.0 (e1000e); write one of them")]
    [InlineData(true, "134", "'134' may be 2 devices: 0000:00:10.6 (xhci_hcd), 0000:01:06.4 (igb); write one of them")]
    [InlineData(false, "1e.0", "'1e.0': no bus has a device 1e.0 (see iommu-spy devices)")]
    [InlineData(false, "0x00fb", "'0x00fb': no device has the requester ID 0x00fb (0000:00:1f.3) (see iommu-spy devices)")]
    [InlineData(false, "mlx5_core", "'mlx5_core': no device is bound to a driver mlx5_core (see iommu-spy devices)")]
    public void OrRefusedWithTheReason(bool isBadText, string text, string reason)
    {
        Assert.False(DeviceName.TryFind(text, () => Known, out _, out AddressProblem? problem));
        Assert.Equal((isBadText, reason), (problem.IsBadText, problem.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData(":")]
    [InlineData("0x10000")]
    [InlineData("99999")]
    [InlineData("ahci:x")]
    [InlineData("e1000e:5:5")]
    [InlineData("a*")]
    public void WhatCanBeNoDeviceIsBadUsage(string text)
    {
        Assert.False(DeviceName.TryFind(text, () => Known, out _, out AddressProblem? problem));
        Assert.True(problem.IsBadText);
    }
}
