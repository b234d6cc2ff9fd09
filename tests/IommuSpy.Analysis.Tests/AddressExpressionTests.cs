using CsCheck;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Objects;

namespace IommuSpy.Analysis.Tests;

/// <summary>Addresses as users write and paste them.</summary>
public class AddressExpressionTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    [Theory]
    [InlineData("0x10", 0x10)]
    [InlineData("0XfF", 0xff)]
    [InlineData(" 0x10 ", 0x10)]
    [InlineData("16", 16)]
    [InlineData("1234567", 1234567)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("0xffffffffffffffff", ulong.MaxValue)]
    [InlineData("ffffffff81000000", 0xffff_ffff_8100_0000)]
    [InlineData("FFFFFFFF81000000", 0xffff_ffff_8100_0000)]
    [InlineData("0000000000000010", 0x10)]
    [InlineData("1234567812345678", 0x1234_5678_1234_5678)]
    [InlineData("00400000", 0x40_0000)]
    [InlineData("7f558d360000", 0x7f55_8d36_0000)]
    [InlineData("[<ffffffff81000000>]", 0xffff_ffff_8100_0000)]
    [InlineData("<0xffffffff81000000>", 0xffff_ffff_8100_0000)]
    [InlineData("ffffffff`81000000", 0xffff_ffff_8100_0000)]
    [InlineData("0xffff_ffff_8100_0000", 0xffff_ffff_8100_0000)]
    [InlineData("0xffffffff81000000+0x10", 0xffff_ffff_8100_0010)]
    [InlineData("ffffffff81000010-0x10", 0xffff_ffff_8100_0000)]
    [InlineData("_text", 0xffff_ffff_8100_0000)]
    [InlineData("_text+0x10", 0xffff_ffff_8100_0010)]
    [InlineData("_text+16", 0xffff_ffff_8100_0010)]
    [InlineData("_text-0x10", 0xffff_ffff_80ff_fff0)]
    [InlineData("vmlinux:_text+0x10", 0xffff_ffff_8100_0010)]
    [InlineData("[<_text+0x10>]", 0xffff_ffff_8100_0010)]
    [InlineData("linux_banner", 0xffff_ffff_8118_0040)]
    public void AreRead(string text, ulong address)
    {
        Assert.True(AddressExpression.TryParse(text, shared.Machine, out ulong found, out string? problem), problem);
        Assert.Equal(address, found);
    }

    [Theory]
    [InlineData("", "'' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("0x", "'0x' is no address: write 0x and hexadecimal digits, or a decimal number")]
    [InlineData("12ab", "'12ab' is no address: hexadecimal of fewer than 8 digits is written with 0x: 0x12ab")]
    [InlineData("0x1ffffffffffffffff", "'0x1ffffffffffffffff' is no address: write 0x and hexadecimal digits, or a decimal number")]
    [InlineData("555555554000", "'555555554000' is no address: it may be hexadecimal or decimal: write 0x555555554000 or 0x8159b102d0")]
    [InlineData("-1", "'-1' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("_`", "'_`' is no address: write 0x and hexadecimal, decimal, or symbol+offset")]
    [InlineData("nosuch", "'nosuch': no such symbol (try: symbols '*nosuch*')")]
    [InlineData("vmlinux:nosuch", "'nosuch': no such symbol in vmlinux (try: symbols '*nosuch*')")]
    [InlineData("nomodule:init", "'nomodule:init': no module nomodule is loaded (try: modules)")]
    [InlineData("_text+", "'_text+': what follows the + is no number")]
    [InlineData("_text+x", "'_text+x': what follows the + is no number")]
    [InlineData("_text-x", "'_text-x': what follows the - is no number")]
    [InlineData("_text+0x10/x", "'_text+0x10/x': what follows the / is no number")]
    [InlineData("a:b:c", "'a:b:c': write module:symbol, symbol:CPU or module:symbol:CPU")]
    [InlineData("_text:1", "'_text:1': _text is no per-CPU symbol: CPU 1 has no copy of its own")]
    [InlineData("pfn:", "'pfn:': no number of at most 40 bits follows the colon")]
    [InlineData("phys:0x1000", "'phys:0x1000' is a physical address: a virtual address is wanted here (who tells where a physical page is mapped)")]
    [InlineData("iova:0x1000", "'iova:0x1000' is an I/O virtual address: a virtual address is wanted here")]
    [InlineData("gpa:0x1000", "'gpa:0x1000' is an address that a virtual machine takes for physical: a virtual address is wanted here")]
    public void OrRefusedWithTheReason(string text, string reason)
    {
        Assert.False(AddressExpression.TryParse(text, shared.Machine, out _, out string? problem));
        Assert.Equal(reason, problem);
    }

    [Theory]
    [InlineData("pfn:0x6f60", AddressSort.Physical, 0x6f6_0000)]
    [InlineData("PFN:16", AddressSort.Physical, 0x1_0000)]
    [InlineData("pfn 0x6f60", AddressSort.Physical, 0x6f6_0000)]
    [InlineData("phys:0x6f60123", AddressSort.Physical, 0x6f6_0123)]
    [InlineData("phys:0000000006f60123", AddressSort.Physical, 0x6f6_0123)]
    [InlineData("gpa:0x1000", AddressSort.GuestPhysical, 0x1000)]
    [InlineData("iova:ffeff000", AddressSort.IoVirtual, 0xffef_f000)]
    [InlineData("0x1000", AddressSort.Unsaid, 0x1000)]
    public void TheirKindMayBeSaid(string text, AddressSort sort, ulong value)
    {
        Assert.True(AddressExpression.TryParseNumeric(text, out NamedAddress address, out AddressProblem? problem), problem?.Message);
        Assert.Equal(new(sort, value), address);
    }

    [Theory]
    [InlineData("pfn:0x10000000000")]
    [InlineData("phys:0x10000000000000")]
    [InlineData("phys:_text")]
    [InlineData("pfn:31c40")]
    public void OrIsNoSuchNumber(string text) => Assert.False(AddressExpression.TryParseNumeric(text, out _, out _));

    [Theory]
    [InlineData("00400000", "00401000", 0x40_0000, 0x40_1000)]
    [InlineData("555555554000", "555555558000", 0x5555_5555_4000, 0x5555_5555_8000)]
    public void ARangeOfListingsIsHexadecimal(string first, string second, ulong start, ulong end)
    {
        Assert.True(AddressExpression.TryParseMapsRange(first, second, out (ulong, ulong) ends));
        Assert.Equal((start, end), ends);
        Assert.False(AddressExpression.TryParseMapsRange("4096", second, out _));
    }

    [Fact]
    public void WithoutSymbolsANameIsRefusedAndANumberIsNot()
    {
        MachineSymbols none = new(null, () => null, () => new([]), _ => false);
        Assert.True(AddressExpression.TryParse("0x10", none, out _, out _));
        Assert.False(AddressExpression.TryParse("_text", none, out _, out AddressProblem? problem));
        Assert.Equal("'_text': this image has no symbols", problem.Message);
        Assert.False(problem.IsBadText);
    }

    [Fact]
    public void ASymbolOfAnOopsIsOfThisBuildOrRefused()
    {
        Assert.True(shared.Machine.Symbols!.TryFind("linux_banner", out Symbol banner));
        ulong size = shared.Machine.Parts.SymbolAt(banner.Address)!.Value.Size;
        Assert.True(size > 0);
        Assert.True(AddressExpression.TryParse($"linux_banner+0x1/0x{size:x}", shared.Machine, out ulong found, out _));
        Assert.Equal(banner.Address.Value + 1, found);
        Assert.False(AddressExpression.TryParse($"linux_banner+0x1/0x{size + 1:x}", shared.Machine, out _, out string? problem));
        Assert.Contains("the text is of another build", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void APerCpuSymbolIsEachCpusCopyOrTheOneThatIsNamed()
    {
        // The copies are wherever the offsets say: before 6.15 a symbol is an offset into the area, since then an address.
        Assert.True(shared.Machine.Symbols!.TryFind("linux_banner", out Symbol banner));
        PerCpu cpus = new([0x1000, 0x2000, 0x9000]) { Start = new(banner.Address.Value - 0x10), End = banner.Address + 0x10 };
        MachineSymbols names = new(shared.Machine.Symbols, () => null, () => cpus, address => address != banner.Address + 0x9000);
        Assert.True(AddressExpression.TryParse("linux_banner+0x8", names, out IReadOnlyList<NamedAddress> all, out _));
        Assert.Equal(
            [new(AddressSort.Symbol, banner.Address.Value + 0x1008, "linux_banner:0+0x8"),
                new(AddressSort.Symbol, banner.Address.Value + 0x2008, "linux_banner:1+0x8")], all);
        Assert.False(AddressExpression.IsOne("linux_banner+0x8", all, out AddressProblem? several));
        Assert.Contains("write linux_banner:0+0x8 (0x", several.Message, StringComparison.Ordinal);

        foreach (string text in (string[])["linux_banner:1+0x8", "linux_banner+0x8:1", "vmlinux:linux_banner:1+0x8"])
        {
            Assert.True(AddressExpression.TryParse(text, names, out IReadOnlyList<NamedAddress> one, out AddressProblem? problem), problem?.Message);
            Assert.Equal(banner.Address.Value + 0x2008, Assert.Single(one).Value);
        }

        Assert.False(AddressExpression.TryParse("linux_banner:7", names, out _, out AddressProblem? none));
        Assert.Equal(("'linux_banner:7': there is no CPU 7: they are 0 to 2", false), (none.Message, none.IsBadText));
        Assert.Equal((1, banner.Address + 4), cpus.At(banner.Address + 0x2004));
        Assert.Null(cpus.At(banner.Address + 0x2010));
    }

    [Fact]
    public void ANumberThatMayBeAPageFrameIsAskedAbout()
    {
        Assert.False(PageExpression.TryParse(shared.Machine, "0x6f60", out _, out AddressProblem? problem));
        Assert.Equal("'0x6f60' may be a page frame number or a physical address: write pfn:0x6f60 or phys:0x6f60", problem.Message);
        Assert.True(problem.IsBadText);
        foreach ((string text, ulong address) in ((string, ulong)[])[("pfn:0x6f60", 0x6f6_0000), ("phys:0x6f60", 0x6f60), ("0x6f60123", 0x6f6_0123)])
        {
            Assert.True(PageExpression.TryParse(shared.Machine, text, out IReadOnlyList<NamedAddress> pages, out problem), problem?.Message);
            Assert.Equal(new(AddressSort.Physical, address), Assert.Single(pages));
        }

        Assert.False(PageExpression.TryParse(shared.Machine, "iova:0x1000", out _, out problem));
        Assert.True(problem.IsBadText);
        Assert.False(PageExpression.TryParse(shared.Machine, "0xffffff0000000000", out _, out problem));
        Assert.False(problem.IsBadText);
    }

    [Fact]
    public void EveryNumberComesBackFromEachOfItsForms() => Gen.ULong.Sample(number =>
    {
        foreach (string text in (string[])[$"0x{number:x}", $"{number:x16}", $"0X{number:X16}"])
        {
            Assert.True(AddressExpression.TryParseNumber(text, out ulong found));
            Assert.Equal(number, found);
            Assert.True(AddressExpression.TryParseNumeric(text, out NamedAddress address, out _));
            Assert.Equal(number, address.Value);
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
