using IommuSpy.Linux.Pci;

namespace IommuSpy.Linux.Tests.Pci;

public class PciAddressTests
{
    [Theory]
    [InlineData("0000:00:1f.2", "0000:00:1f.2")]
    [InlineData("00:1f.2", "0000:00:1f.2")]
    [InlineData("10000:e1:00.0", "10000:e1:00.0")]
    [InlineData("ff:1f.7", "0000:ff:1f.7")]
    public void An_address_is_read_and_written(string text, string written)
    {
        Assert.True(PciAddress.TryParse(text, out PciAddress address));
        Assert.Equal(written, address.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("00:00")]
    [InlineData("00:20.0")]
    [InlineData("00:00.8")]
    [InlineData("100:00.0")]
    [InlineData("123456789:00:00.0")]
    [InlineData("0:0:0:0.0")]
    [InlineData("00:0x1.0")]
    public void What_is_no_address_is_refused(string? text) => Assert.False(PciAddress.TryParse(text, out _));

    [Fact]
    public void Its_requester_id_is_bus_and_devfn()
    {
        Assert.True(PciAddress.TryParse("03:1f.2", out PciAddress address));
        Assert.Equal(0x03fa, address.RequesterId);
        Assert.Equal((0x1f, 2), (address.Device, address.Function));
        Assert.True(address > new PciAddress(0, 2, 255) && address < new PciAddress(1, 0, 0));
    }
}
