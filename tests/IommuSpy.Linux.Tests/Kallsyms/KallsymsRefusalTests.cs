using System.Diagnostics;
using CsCheck;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>What is not a whole and consistent table is refused, with a reason, and quickly.</summary>
public class KallsymsRefusalTests
{
    private static KallsymsImageBuilder Modern() => new()
    {
        Order = KallsymsOrder.AddressesLast,
        LongNames = true,
        Percpu = true,
        Sequences = SequencesPlace.AfterAddresses,
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(33)]
    [InlineData(511)]
    [InlineData(1 << 20)]
    public void RefusesRandomBytes(int length)
    {
        var bytes = new byte[length];
        new Random(3).NextBytes(bytes);
        Refused(bytes, "no kallsyms token table in the image");
    }

    [Fact]
    public void RefusesZeros() => Refused(new byte[1 << 20], "no kallsyms token table in the image");

    [Theory]
    [InlineData("num_syms", "no kallsyms token table")]
    [InlineData("names", "no kallsyms token table")]
    [InlineData("markers", "no kallsyms token table")]
    [InlineData("token_table", "no kallsyms token table")]
    [InlineData("token_index", "no kallsyms token table")]
    [InlineData("offsets", "no addresses that fit")]
    [InlineData("relative_base", "no addresses that fit")]
    public void RefusesAnImageThatEndsInside(string section, string expected)
    {
        BuiltImage image = new KallsymsImageBuilder { Order = KallsymsOrder.AddressesLast, Percpu = true }.Build();
        foreach (int inside in (ReadOnlySpan<int>)[0, 3])
        {
            Refused(image.Bytes.AsSpan(0, image.Sections[section] + inside), expected);
        }
    }

    [Theory]
    [InlineData("num_syms", 1)]
    [InlineData("names", 0)]
    [InlineData("markers", 17)]
    public void RefusesNamesThatDoNotFitTheirMarkers(string section, int inside)
    {
        BuiltImage image = Modern().Build();
        image.Bytes[image.Sections[section] + inside] ^= 0x10;
        Refused(image.Bytes, "no names with matching markers");
    }

    [Fact]
    public void ASpoiledBannerIsMadeUpForByTheTableOfSystemCalls()
    {
        BuiltImage image = Modern().Build();
        image.Bytes[image.Sections["banner"]] = (byte)'l';
        image.Bytes.AsSpan(image.Sections["calls"], 8 * sizeof(ulong)).Clear();
        Assert.True(image.TryRead(out KallsymsTable? table, out string reason), reason);
        Assert.EndsWith("no \"Linux version \" at linux_banner, but addresses of text symbols at sys_call_table", table!.Evidence, StringComparison.Ordinal);
        Assert.Equal(image.Symbols, table.Symbols);
    }

    [Fact]
    public void RefusesABannerElsewhereWhereNothingElseConfirms()
    {
        BuiltImage image = Modern().Build();
        image.Bytes[image.Sections["banner"]] = (byte)'l';
        image.Bytes.AsSpan(image.Sections["calls"], 32 * sizeof(ulong)).Clear();
        Refused(image.Bytes, "no \"Linux version \" at linux_banner");
    }

    [Fact]
    public void RefusesAddressesOutOfOrder()
    {
        BuiltImage image = Modern().Build();
        image.Bytes[image.Sections["offsets"] + 4002] ^= 0x01;
        Refused(image.Bytes, "not in ascending order");
    }

    [Theory]
    [InlineData(0xffffffff81000000)]
    [InlineData(0xffffffff97a01000)]
    [InlineData(0)]
    public void RefusesAnotherStart(ulong start)
    {
        BuiltImage image = Modern().Build();
        Assert.False(KallsymsReader.TryRead(image.Bytes, new VirtualAddress(start), out _, out string reason));
        Assert.Contains("no addresses that fit", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusesAStartThatIsNotAligned()
    {
        Assert.False(KallsymsReader.TryRead([], new VirtualAddress(0xffffffff81000004), out _, out string reason));
        Assert.Contains("multiple of 8", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void ReadsPastDecoyTokenTables()
    {
        BuiltImage image = Modern().Build();
        byte[] decoy = image.Bytes[image.Sections["token_table"]..(image.Sections["token_index"] + 512)];
        decoy.CopyTo(image.Bytes, 0x8000);
        decoy.CopyTo(image.Bytes, 0xa000);
        Assert.True(image.TryRead(out KallsymsTable? table, out string reason), reason);
        Assert.Equal(image.Symbols, table!.Symbols);
    }

    [Fact]
    public void ReadsOneOfTwoEqualTables()
    {
        BuiltImage image = Modern().Build();
        byte[] copy = image.Bytes[image.Sections["num_syms"]..image.Sections["end"]];
        Assert.True(KallsymsReader.TryRead([.. image.Bytes, .. copy], image.Start, out KallsymsTable? table, out string reason), reason);
        Assert.Equal(image.Symbols, table!.Symbols);
    }

    [Fact]
    public void RefusesTwoTablesThatDiffer()
    {
        BuiltImage image = Modern().Build();
        byte[] copy = image.Bytes[image.Sections["num_syms"]..image.Sections["end"]];
        copy[image.Sections["offsets"] - image.Sections["num_syms"] + 4000] ^= 0x01;
        Refused([.. image.Bytes, .. copy], "two symbol tables that differ");
    }

    /// <summary>A few bytes changed, mostly inside the table, and the end cut off: anything but an exception, and no symbol that cannot be read.</summary>
    [Fact]
    public void SurvivesMutations()
    {
        BuiltImage[] originals =
        [
            Modern().Build(),
            new KallsymsImageBuilder { Rule = AddressRule.Absolute, MarkerSize = 8, Percpu = true }.Build(),
            new KallsymsImageBuilder { Order = KallsymsOrder.AddressesLast, Rule = AddressRule.PlaceRelative, Alignment = 4, LongNames = true }.Build(),
        ];
        Gen<(int Place, byte Value)[]> edits = Gen.Select(Gen.Int[0, int.MaxValue], Gen.Byte).Array[0, 8];
        Gen.Select(Gen.Int[0, originals.Length - 1], edits, Gen.Int[0, 9], Gen.Int[0, int.MaxValue]).Sample(
            (which, changes, cut, cutAt) =>
            {
                BuiltImage original = originals[which];
                byte[] bytes = [.. original.Bytes];
                int first = Math.Min(original.Sections["names"], original.Sections.GetValueOrDefault("addresses", int.MaxValue));
                int length = original.Sections["end"] - first;
                foreach ((int place, byte value) in changes)
                {
                    bytes[first + (place % length)] = value;
                }

                ReadOnlySpan<byte> image = cut == 0 ? bytes.AsSpan(0, cutAt % bytes.Length) : bytes;
                long started = Stopwatch.GetTimestamp();
                bool read = KallsymsReader.TryRead(image, original.Start, out KallsymsTable? table, out string reason);
                Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
                Assert.Equal(read, reason.Length == 0);
                if (read)
                {
                    Assert.Equal(original.Symbols.Count, table!.Symbols.Count(symbol => symbol.Name.Length <= 2048));
                }
            },
            iter: 2000);
    }

    /// <summary>Every search nests in another, so an image that feeds them all must still come to an end.</summary>
    [Fact]
    public void GivesUpOnAnImageMadeOfCandidates()
    {
        BuiltImage image = Modern().Build();
        byte[] tokens = image.Bytes[image.Sections["token_table"]..(image.Sections["token_index"] + 512)];
        var bytes = new byte[16 << 20];

        // Ascending words from zero, over and over: markers wherever one looks, and a number of names before each.
        for (int i = 0; i + 4 <= bytes.Length; i += 4)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), i / 4 % 64 * 1024);
        }

        for (int i = 1; i <= 12; i++)
        {
            tokens.CopyTo(bytes, i << 20);
        }

        long started = Stopwatch.GetTimestamp();
        Assert.False(KallsymsReader.TryRead(bytes, image.Start, out _, out _));
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30));
    }

    private static void Refused(ReadOnlySpan<byte> image, string expected)
    {
        Assert.False(KallsymsReader.TryRead(image, new VirtualAddress(new KallsymsImageBuilder().Start), out KallsymsTable? table, out string reason));
        Assert.Null(table);
        Assert.Contains(expected, reason, StringComparison.Ordinal);
    }
}
