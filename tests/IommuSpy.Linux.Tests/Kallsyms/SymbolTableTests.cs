using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kallsyms;

public class SymbolTableTests
{
    private static readonly BuiltImage Image = new KallsymsImageBuilder { Percpu = true, LongNames = true }.Build();
    private static readonly SymbolTable Table = Read(Image);

    [Fact]
    public void FindsEveryNameAndTheFirstOfEqualOnes()
    {
        foreach (IGrouping<string, Symbol> group in Image.Symbols.GroupBy(symbol => symbol.Name, StringComparer.Ordinal))
        {
            Assert.True(Table.TryFind(group.Key, out Symbol first));
            Assert.Equal(group.First(), first);
            Assert.Equal(group, Table.FindAll(group.Key));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("init_tas")]
    [InlineData("init_taskk")]
    [InlineData("Dinit_task")]
    [InlineData("init_tas\u0416")]
    public void DoesNotFindOtherNames(string name)
    {
        Assert.False(Table.TryFind(name, out _));
        Assert.Empty(Table.FindAll(name));
    }

    [Fact]
    public void DoesNotFindAnOverlongName() => Assert.False(Table.TryFind(new string('x', 100_000), out _));

    [Fact]
    public void LooksUpEveryAddressLikeAScan()
    {
        var random = new Random(4);
        Symbol[] places = [.. Image.Symbols.Where(symbol => symbol.Type != 'A')];
        for (int i = 0; i < 2000; i++)
        {
            ulong address = Image.Start.Value + (ulong)random.Next(0, 0x20000);
            Symbol nearest = places.Last(symbol => symbol.Address.Value <= address);
            Symbol first = places.First(symbol => symbol.Address == nearest.Address);
            ulong end = places.First(symbol => symbol.Address.Value > address).Address.Value;
            Assert.Equal(new SymbolOffset(first, address - first.Address.Value, end - first.Address.Value), Table.At(new VirtualAddress(address)));
        }
    }

    [Fact]
    public void PrefersTheFirstNameOfAnAddress() => Assert.Equal("_text+0x3", Table.At(Image.Start + 3)?.ToString());

    [Fact]
    public void SkipsAbsoluteSymbolsInBetween()
    {
        BuiltImage image =
            new KallsymsImageBuilder { Rule = AddressRule.Absolute, MarkerSize = 8, UnmovedAbsolute = true, Start = 0xffffffff_81000000 }.Build();
        SymbolTable table = Read(image);
        Assert.True(table.TryFind("unmoved", out Symbol unmoved));
        Assert.Equal('A', unmoved.Type);
        Assert.Equal("_text", table.At(unmoved.Address)?.Symbol.Name);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x1000)]
    [InlineData(0x7fffffffffff)]
    [InlineData(0xffff888000000000)]
    [InlineData(0xffffffff979fffff)]
    [InlineData(0xffffffff99a00001)]
    [InlineData(ulong.MaxValue)]
    public void NamesNothingOutside(ulong address) => Assert.Null(Table.At(new VirtualAddress(address)));

    [Fact]
    public void NamesTheLastSymbolAtItsAddressOnly()
    {
        SymbolOffset? last = Table.At(Image.Start + 0x2000000);
        Assert.Equal("_end", last?.ToString());
        Assert.Equal(0ul, last?.Size);
    }

    [Theory]
    [InlineData("init_*")]
    [InlineData("*iommu*")]
    [InlineData("*_??_15")]
    [InlineData("init_task")]
    [InlineData("**t*k*")]
    [InlineData("*")]
    [InlineData("?")]
    [InlineData("")]
    public void MatchesLikeARegularExpression(string glob)
    {
        string pattern = "^"
            + System.Text.RegularExpressions.Regex.Escape(glob).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal)
            + "$";
        var regex = new System.Text.RegularExpressions.Regex(pattern, System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
        Assert.Equal(Image.Symbols.Where(symbol => regex.IsMatch(symbol.Name)), Table.Match(glob));
    }

    [Fact]
    public void PrintsLikeProcKallsyms()
    {
        Assert.True(Table.TryFind("linux_banner", out Symbol banner));
        Assert.Equal("ffffffff97a18040 D linux_banner", banner.ToString());
    }

    private static SymbolTable Read(BuiltImage image)
    {
        Assert.True(image.TryRead(out KallsymsTable? table, out string reason), reason);
        return table!.Symbols;
    }
}
