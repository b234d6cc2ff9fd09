using System.Diagnostics;
using System.Globalization;

namespace IommuSpy.Fuzz;

/// <summary>Feeds a target spoiled inputs for a time. An input that makes it fail, or take long, or take much memory, is kept and named.</summary>
internal sealed class FuzzLoop(FuzzTarget target)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(10);
    private const long MostBytes = 1L << 30;

    public int Run(TimeSpan time, int seed)
    {
        IReadOnlyList<byte[]> seeds = target.Seeds();
        Mutator mutator = new(seed);
        Stopwatch watch = Stopwatch.StartNew();
        long runs = 0;
        foreach (byte[] good in seeds)
        {
            target.Run(good);
        }

        for (; watch.Elapsed < time; runs++)
        {
            byte[] input = mutator.Spoil(seeds[mutator.Next(seeds.Count)], seeds[mutator.Next(seeds.Count)]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            long start = Stopwatch.GetTimestamp();
            string? finding = null;
            try
            {
                target.Run(input);
            }
            catch (Exception e)
            {
                finding =
                    $"{e.GetType().Name}: {e.Message} "
                        + $"{e.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("IommuSpy", StringComparison.Ordinal))?.Trim()}";
            }

            TimeSpan took = Stopwatch.GetElapsedTime(start);
            finding ??= took > Longest ? $"took {took}" : GC.GetAllocatedBytesForCurrentThread() - before > MostBytes ? "allocated more than 1 GiB" : null;
            if (finding is not null)
            {
                string path = Path.Combine(Path.GetTempPath(), $"iommu-spy-fuzz-{target.Name}-{runs}");
                File.WriteAllBytes(path, input);
                Console.WriteLine($"{target.Name}: {finding}; the input is {path}");
                return 1;
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{target.Name}: {runs:n0} inputs in {watch.Elapsed.TotalSeconds:0} s ({runs / watch.Elapsed.TotalSeconds:n0}/s), seed {seed}: no finding"));
        return 0;
    }
}
