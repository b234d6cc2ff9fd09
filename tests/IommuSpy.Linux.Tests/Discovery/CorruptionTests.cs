using System.Diagnostics;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>
/// Machines spoiled at random: bits flipped, words overwritten, pages swapped. Discovery refuses or answers, in bounded time, and what it is sure of is right.
/// </summary>
public class CorruptionTests
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Each seed is one machine; a failure names it.</summary>
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 40)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void NothingWorseThanARefusalComesOfIt(int seed)
    {
        Random random = new(seed);
        KernelBuilder made = Kernel(random);
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(made.Ram[0].Start, made.Ram[0].Length);
        BuiltKernel built = made.Build(memory);
        ulong[] pages = [.. memory.WrittenPages];
        int spoiled = 1 << random.Next(0, 10);
        for (int i = 0; i < spoiled; i++)
        {
            Spoil(memory, pages, random);
        }

        using TemporaryFile file = memory.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        Stopwatch watch = Stopwatch.StartNew();
        try
        {
            LinuxKernel found = LinuxKernel.Discover(image);
            _ = Linux.Layout.KernelLayout.Of(found);
            _ = RootTables.FindAll(found);
            Sure(found.Facts.PageOffsetBase, new(made.PageOffset));
            Sure(found.Facts.VmallocBase, new(made.Vmalloc));
            Sure(found.Facts.VmemmapBase, new(made.Vmemmap));
            Sure(found.Facts.PhysicalBase, made.PhysicalBase);
            Sure(found.Facts.RootTable, built.Root);
            Sure(found.Facts.KaslrOffset, 0UL);
            if (found.ProcessTables is { } tables)
            {
                Assert.Empty(tables.Except(built.Processes.Select(process => process.Root)));
            }
        }
        catch (LinuxDiscoveryException refusal)
        {
            Assert.DoesNotContain('\n', refusal.Message);
        }

        Assert.True(watch.Elapsed < Longest, $"took {watch.Elapsed}");
    }

    private static KernelBuilder Kernel(Random random) => random.Next(3) switch
    {
        0 => KernelBuilder.Linux316(),
        1 => new() { Pti = random.Next(2) == 0, Symbols = random.Next(2) == 0 ? SymbolForm.Offsets : SymbolForm.None },
        _ => new()
        {
            Levels = 5,
            PageOffset = 0xff11_0000_0000_0000,
            Vmalloc = 0xffa0_0000_0000_0000,
            Vmemmap = 0xffd4_0000_0000_0000,
            Symbols = SymbolForm.OffsetsLast
        },
    };

    private static void Spoil(PhysicalMemoryBuilder memory, ulong[] pages, Random random)
    {
        PageFrame frame = new(pages[random.Next(pages.Length)]);
        Span<byte> page = memory.PageBytes(frame);
        switch (random.Next(5))
        {
            case 0:
                page[random.Next(page.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 1:
                memory.Write(frame.Address + ((ulong)random.Next(512) * sizeof(ulong)), (ulong)random.NextInt64());
                break;
            case 2:
                // Another page's entry: a link that leads somewhere that is there.
                memory.Write(frame.Address + ((ulong)random.Next(512) * sizeof(ulong)), (pages[random.Next(pages.Length)] << 12) | 0x67);
                break;
            case 3:
                random.NextBytes(page);
                break;
            default:
                byte[] copy = page.ToArray();
                Span<byte> other = memory.PageBytes(new(pages[random.Next(pages.Length)]));
                other.CopyTo(page);
                copy.CopyTo(other);
                break;
        }
    }

    /// <summary>Two witnesses that agree are right.</summary>
    private static void Sure<T>(Fact<T>? fact, T truth)
        where T : IEquatable<T>
    {
        if (fact is { Agreed: true, Witnesses.Count: > 1 })
        {
            Assert.Equal(truth, fact.Value);
        }
    }
}
