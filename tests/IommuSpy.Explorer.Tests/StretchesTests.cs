using IommuSpy.Explorer.Server;
using IommuSpy.Translation;

namespace IommuSpy.Explorer.Tests;

/// <summary>Mapped addresses, joined until they can be drawn.</summary>
public sealed class StretchesTests
{
    private const AccessRights Both = AccessRights.Read | AccessRights.Write;

    [Fact]
    public void Neighbours_alike_are_one_and_others_stay_apart()
    {
        Stretches stretches = new(8);
        stretches.Add(0x1000, 0x1000, Both);
        stretches.Add(0x2000, 0x1000, Both);
        stretches.Add(0x3000, 0x1000, AccessRights.Read);
        stretches.Add(0x8000, 0x1000, AccessRights.Read);
        Assert.Equal(
            [new(0x1000, 0x3000, 0x2000, 2, Both), new(0x3000, 0x4000, 0x1000, 1, AccessRights.Read), new(0x8000, 0x9000, 0x1000, 1, AccessRights.Read)],
            stretches.All());
    }

    [Fact]
    public void The_smallest_gaps_are_bridged_first()
    {
        Stretches stretches = new(2);
        stretches.Add(0x1000, 0x1000, Both);
        stretches.Add(0x9000, 0x1000, AccessRights.Read);
        stretches.Add(0xb000, 0x1000, AccessRights.Write);
        Assert.Equal([new(0x1000, 0x2000, 0x1000, 1, Both), new(0x9000, 0xc000, 0x2000, 2, Both)], stretches.All());
    }

    [Fact]
    public void However_many_there_are_none_is_lost()
    {
        Random random = new(16);
        for (int round = 0; round < 200; round++)
        {
            int most = random.Next(1, 9);
            int count = random.Next(0, 200);
            Stretches stretches = new(most);
            List<(ulong Start, ulong End)> added = [];
            ulong bytes = 0;
            ulong at = 0;
            for (int i = 0; i < count; i++)
            {
                at += (ulong)random.Next(0, 4) << 12;
                ulong length = (ulong)random.Next(1, 4) << 12;
                stretches.Add(at, length, random.Next(2) == 0 ? Both : AccessRights.Read);
                added.Add((at, at + length));
                bytes += length;
                at += length;
            }

            IReadOnlyList<Stretch> all = stretches.All();
            Assert.InRange(all.Count, Math.Min(1, count), most);
            Assert.Equal(bytes, all.Aggregate(0UL, (sum, one) => sum + one.Bytes));
            Assert.Equal(count, all.Sum(one => one.Runs));
            Assert.All(added, one => Assert.Single(all, stretch => stretch.Start <= one.Start && one.End <= stretch.End));
            Assert.All(all.Skip(1).Zip(all), pair => Assert.True(pair.First.Start >= pair.Second.End));
        }
    }
}
