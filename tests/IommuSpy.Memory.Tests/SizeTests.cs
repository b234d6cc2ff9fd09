namespace IommuSpy.Memory.Tests;

public class SizeTests
{
    [Theory]
    [InlineData(0, "0 B")]
    [InlineData(1, "1 B")]
    [InlineData(1023, "1023 B")]
    [InlineData(1024, "1 KiB")]
    [InlineData(1536, "1.5 KiB")]
    [InlineData(4096, "4 KiB")]
    [InlineData(0x1ffc_c000, "511.8 MiB")]
    [InlineData(0x1_4000_0000, "5 GiB")]
    [InlineData(ulong.MaxValue, "16 EiB")]
    public void Amounts_are_in_the_largest_unit_that_leaves_at_least_1(ulong bytes, string text) => Assert.Equal(text, Size.Text(bytes));

    [Theory]
    [InlineData((1UL << 20) - 1, "1 MiB")]
    [InlineData((1UL << 30) - 4096, "1 GiB")]
    public void Amounts_that_round_up_to_the_next_unit_are_in_that_unit(ulong bytes, string text) => Assert.Equal(text, Size.Text(bytes));
}
