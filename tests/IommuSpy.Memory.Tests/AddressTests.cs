namespace IommuSpy.Memory.Tests;

public class AddressTests
{
    [Fact]
    public void Addresses_print_as_16_lower_case_digits()
    {
        Assert.Equal("0x000000000010abcd", new PhysicalAddress(0x10abcd).ToString());
        Assert.Equal("0xffff888000000000", new VirtualAddress(0xffff_8880_0000_0000).ToString());
        Assert.Equal("0x10a", new PageFrame(0x10a).ToString());
        Assert.Equal("0x1000-0x1fff", new PhysicalRange(new(0x1000), 0x1000).ToString());
    }

    [Fact]
    public void A_frame_and_its_address_are_4096_bytes_apart()
    {
        Assert.Equal(new PageFrame(0x10a), new PhysicalAddress(0x10afff).Frame);
        Assert.Equal(new PhysicalAddress(0x10a000), new PageFrame(0x10a).Address);
    }

    [Fact]
    public void Physical_addresses_do_not_wrap_and_virtual_ones_do()
    {
        Assert.Throws<OverflowException>(() => new PhysicalAddress(ulong.MaxValue) + 1);
        Assert.Equal(new VirtualAddress(0), new VirtualAddress(ulong.MaxValue) + 1);
        Assert.Equal(2UL, new VirtualAddress(1) - new VirtualAddress(ulong.MaxValue));
    }

    [Fact]
    public void Addresses_are_in_order_of_their_value_without_sign()
    {
        Assert.True(new PhysicalAddress(1).CompareTo(new(ulong.MaxValue)) < 0);
        Assert.True(new VirtualAddress(0x7fff_ffff_ffff_ffff).CompareTo(new(0x8000_0000_0000_0000)) < 0);
        Assert.True(new PageFrame(2).CompareTo(new(1)) > 0);
    }
}
