using BenchmarkDotNet.Attributes;
using IommuSpy.Race;
using IommuSpy.Translation;

namespace IommuSpy.Bench;

/// <summary>Visits of all leaves, on one core. The set-up prints how many entries a visit looks at.</summary>
public class VisitBenchmarks
{
    private AddressSpace[] _all = [];
    private AddressSpace[] _one = [];

    [GlobalSetup]
    public void Setup()
    {
        _all = Spaces.All(BenchImage.Kernel);
        _one = [Spaces.LargestProcess(BenchImage.Kernel)];
        Console.WriteLine($"// entries: {Spaces.VisitAll(_one, out _)} of one space, {Spaces.VisitAll(_all, out _)} of {_all.Length}");
    }

    [Benchmark]
    public ulong OneSpace()
    {
        Spaces.VisitAll(_one, out ulong leaves);
        return leaves;
    }

    [Benchmark]
    public ulong AllRoots()
    {
        Spaces.VisitAll(_all, out ulong leaves);
        return leaves;
    }
}
