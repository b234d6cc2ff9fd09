using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>Every form that a kernel has used, whole tables.</summary>
public class KallsymsFormatsTests
{
    public static TheoryData<string> Names => [.. Forms.Keys];

    private static Dictionary<string, KallsymsImageBuilder> Forms => new(StringComparer.Ordinal)
    {
        ["3.x: 64-bit addresses and markers"] = new() { Rule = AddressRule.Absolute, MarkerSize = 8, Percpu = true },
        ["3.x with KASLR: absolute symbols stay where linked"] = new() { Rule = AddressRule.Absolute, MarkerSize = 8, UnmovedAbsolute = true },
        ["4.6: offsets, absolute-percpu, 64-bit markers"] = new() { MarkerSize = 8, Percpu = true },
        ["4.6 UP: offsets, no per-CPU symbols"] = new() { MarkerSize = 8, Rule = AddressRule.BaseRelative },
        ["4.20: 32-bit markers"] = new() { Percpu = true },
        ["4.20, CONFIG_KALLSYMS_BASE_RELATIVE off"] = new() { Rule = AddressRule.Absolute, Percpu = true },
        ["6.1: long names"] = new() { LongNames = true, Percpu = true },
        ["6.2: kallsyms_seqs_of_names after the markers"] = new() { LongNames = true, Percpu = true, Sequences = SequencesPlace.AfterMarkers },
        ["6.4: addresses last"] = new()
        {
            Order = KallsymsOrder.AddressesLast,
            LongNames = true,
            Percpu = true,
            Sequences = SequencesPlace.AfterAddresses,
        },
        ["6.4, CONFIG_KALLSYMS_BASE_RELATIVE off"] = new()
        {
            Order = KallsymsOrder.AddressesLast,
            Rule = AddressRule.Absolute,
            Percpu = true,
            Sequences = SequencesPlace.AfterAddresses,
        },
        ["6.4 backport: sequences before the offsets"] = new()
        {
            Order = KallsymsOrder.AddressesLast,
            Percpu = true,
            Sequences = SequencesPlace.AfterTokenIndex
        },
        ["6.15: no absolute-percpu"] = new()
        {
            Order = KallsymsOrder.AddressesLast,
            Rule = AddressRule.BaseRelative,
            LongNames = true,
            Sequences = SequencesPlace.AfterAddresses,
        },
        ["7.0: relative to their own place, aligned to 4"] = new()
        {
            Order = KallsymsOrder.AddressesLast,
            Rule = AddressRule.PlaceRelative,
            Alignment = 4,
            Shift = 4,
            LongNames = true,
            Sequences = SequencesPlace.AfterAddresses,
        },
        ["place-relative in the old order"] = new() { Rule = AddressRule.PlaceRelative },
        ["digits merged into longer tokens"] = new() { MergeDigits = true, Percpu = true },
        ["no CONFIG_KALLSYMS_ALL"] = new() { FunctionsOnly = true, Percpu = true },
        ["no CONFIG_KALLSYMS_ALL, place-relative"] = new()
        {
            FunctionsOnly = true,
            Order = KallsymsOrder.AddressesLast,
            Rule = AddressRule.PlaceRelative,
            Alignment = 4,
        },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void RoundTrips(string form)
    {
        KallsymsImageBuilder builder = Forms[form];
        BuiltImage image = builder.Build();

        Assert.True(image.TryRead(out KallsymsTable? table, out string reason), reason);
        Assert.Equal("", reason);
        Assert.Equal(image.Symbols, table!.Symbols);
        Assert.Equal(builder.Order, table.Format.Order);
        Assert.Equal(builder.Rule, table.Format.Rule);
        Assert.Equal(builder.MarkerSize, table.Format.MarkerSize);
        Assert.Equal(builder.LongNames, table.Format.HasLongNames);
        Assert.Equal(image.Sections["names"], table.NamesOffset);
        Assert.Equal(image.Sections["token_table"], table.TokenTableOffset);
        Assert.Equal(image.Sections[builder.Rule == AddressRule.Absolute ? "addresses" : "offsets"], table.AddressesOffset);
    }

    [Fact]
    public void DescribesTheFormat()
    {
        Assert.True(new KallsymsImageBuilder { Percpu = true, LongNames = true }.Build().TryRead(out KallsymsTable? table, out _));
        Assert.Equal("pre-6.4 order, 32-bit offsets relative to 0xffffffff97a00000, absolute-percpu, 32-bit markers, long names", table!.Format.ToString());
        Assert.Equal("ascending; 3002 of 3002 text symbols in the image; \"Linux version \" at linux_banner", table.Evidence);
    }

    /// <summary>One word further each time, so that the index falls every way across the finder's probes.</summary>
    [Fact]
    public void FindsTheTableAtEveryPlace()
    {
        for (int shift = 0; shift < 1024; shift += 8)
        {
            BuiltImage image = new KallsymsImageBuilder { Shift = shift, Functions = 1100 }.Build();
            Assert.True(image.TryRead(out KallsymsTable? table, out string reason), reason);
            Assert.Equal(image.Sections["token_table"], table!.TokenTableOffset);
        }
    }
}
