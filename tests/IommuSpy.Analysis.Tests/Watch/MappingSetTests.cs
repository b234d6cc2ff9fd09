using CsCheck;
using IommuSpy.Analysis.Watch;

namespace IommuSpy.Analysis.Tests.Watch;

public sealed class MappingSetTests
{
    private const int Addresses = 64;

    private static readonly Gen<(bool IsMap, int Address, int Length)> Step = Gen.Select(Gen.Bool, Gen.Int[0, Addresses - 1], Gen.Int[0, 12]);

    [Fact]
    public void It_is_what_a_list_of_addresses_says() => Step.List[0, 60].Sample(steps =>
    {
        MappingSet set = new();
        long?[] since = new long?[Addresses + 16];
        for (int i = 0; i < steps.Count; i++)
        {
            (bool isMap, int address, int length) = steps[i];
            int before = since.AsSpan(address, length).ToArray().Count(one => one is not null);
            if (isMap)
            {
                set.Add((ulong)address, (ulong)length, i);
            }
            else
            {
                Assert.Equal((ulong)before, set.Remove((ulong)address, (ulong)length));
            }

            since.AsSpan(address, length).Fill(isMap ? i : null);
            Assert.Equal((ulong)since.Count(one => one is not null), set.Bytes);
            Assert.Equal(since.Min(), set.Oldest?.Since);
            long?[] found = new long?[since.Length];
            foreach (MappingSet.Mapping mapping in set.All)
            {
                found.AsSpan((int)mapping.Address, (int)mapping.Length).Fill(mapping.Since);
            }

            Assert.Equal(since, found);
            Assert.Equal(Array.TrueForAll(since[address..(address + length)], one => one is not null), set.Covers((ulong)address, (ulong)length));
        }
    });

    [Fact]
    public void Both_ends_of_the_address_space()
    {
        MappingSet set = new();
        set.Add(ulong.MaxValue - 10, 100, 1);
        set.Add(0, 10, MappingSet.Before);
        Assert.Equal(20UL, set.Bytes);
        Assert.Equal((0UL, MappingSet.Before), (set.Oldest!.Value.Address, set.Oldest.Value.Since));
        Assert.True(set.Holds(0, 10));
        Assert.False(set.Holds(0, 9));
        Assert.True(set.Covers(ulong.MaxValue - 10, 100));
        Assert.False(set.Covers(0, ulong.MaxValue));
        Assert.Equal(20UL, set.Remove(0, ulong.MaxValue));
        Assert.Null(set.Oldest);
    }
}
