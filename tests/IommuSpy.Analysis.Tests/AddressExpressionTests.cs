using CsCheck;

namespace IommuSpy.Analysis.Tests;

/// <summary>Addresses as users write them.</summary>
public class AddressExpressionTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    [Theory]
    [InlineData("0x10", 0x10)]
    [InlineData("0XfF", 0xff)]
    [InlineData(" 0x10 ", 0x10)]
    [InlineData("16", 16)]
    [InlineData("ffffffff81000000", 0xffff_ffff_8100_0000)]
    [InlineData("0000000000000010", 0x10)]
    [InlineData("0xffffffffffffffff", ulong.MaxValue)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("_text", 0xffff_ffff_8100_0000)]
    [InlineData("_text+0x10", 0xffff_ffff_8100_0010)]
    [InlineData("_text+16", 0xffff_ffff_8100_0010)]
    [InlineData("linux_banner", 0xffff_ffff_8118_0040)]
    public void AreRead(string text, ulong address)
    {
        Assert.True(AddressExpression.TryParse(text, shared.Machine.Symbols, out ulong found, out string? problem), problem);
        Assert.Equal(address, found);
    }

    [Theory]
    [InlineData("", "'' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("0x", "'0x' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("12ab", "'12ab' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("0x1ffffffffffffffff", "'0x1ffffffffffffffff' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("-1", "'-1': no such symbol (try: symbols '*-1*')")]
    [InlineData("nosuch", "'nosuch': no such symbol (try: symbols '*nosuch*')")]
    [InlineData("_text+", "'_text+': what follows the + is no number")]
    [InlineData("_text+x", "'_text+x': what follows the + is no number")]
    public void OrRefusedWithTheReason(string text, string reason)
    {
        Assert.False(AddressExpression.TryParse(text, shared.Machine.Symbols, out _, out string? problem));
        Assert.Equal(reason, problem);
    }

    [Fact]
    public void WithoutSymbolsANameIsRefusedAndANumberIsNot()
    {
        Assert.True(AddressExpression.TryParse("0x10", (IommuSpy.Linux.Kallsyms.SymbolTable?)null, out _, out _));
        Assert.False(AddressExpression.TryParse("_text", (IommuSpy.Linux.Kallsyms.SymbolTable?)null, out _, out string? problem));
        Assert.Equal("'_text': this image has no symbols", problem);
    }

    [Fact]
    public void EveryNumberComesBackFromEachOfItsForms() => Gen.ULong.Sample(number =>
    {
        foreach (string text in (string[])[$"0x{number:x}", $"{number:x16}", $"0X{number:X16}"])
        {
            Assert.True(AddressExpression.TryParseNumber(text, out ulong found));
            Assert.Equal(number, found);
        }

        // 16 decimal digits are read as the kernel prints addresses.
        Assert.True($"{number}".Length == 16 || (AddressExpression.TryParseNumber($"{number}", out ulong back) && back == number));
    });

    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("4K", 4096)]
    [InlineData("2m", 2UL << 20)]
    [InlineData("3G", 3UL << 30)]
    [InlineData("0x10K", 0x4000)]
    [InlineData("1T", 1UL << 40)]
    public void SizesAreRead(string text, ulong bytes)
    {
        Assert.True(AddressExpression.TryParseSize(text, out ulong found));
        Assert.Equal(bytes, found);
    }

    [Theory]
    [InlineData("")]
    [InlineData("K")]
    [InlineData("4KB")]
    [InlineData("1.5G")]
    [InlineData("99999999999T")]
    public void OrRefused(string text) => Assert.False(AddressExpression.TryParseSize(text, out _));
}
