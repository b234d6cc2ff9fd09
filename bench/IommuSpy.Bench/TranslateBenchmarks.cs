using BenchmarkDotNet.Attributes;
using IommuSpy.Memory;
using IommuSpy.Race;
using IommuSpy.Translation;

namespace IommuSpy.Bench;

/// <summary>Translations, on one core: of 4 KiB pages (walks of all levels) and of large pages, in order and in none. Time is for one translation.</summary>
public class TranslateBenchmarks
{
    private const int Count = 65_536;

    private AddressSpace _space = null!;
    private ulong[] _addresses = [];
    private ulong[] _physical = [];

    [Params("small-sequential", "small-shuffled", "large-sequential", "large-shuffled")]
    public string List { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _space = Spaces.LargestProcess(BenchImage.Kernel);
        AddressLists lists = AddressLists.Of(_space);
        ulong[] all = List switch
        {
            "small-sequential" => lists.SmallSequential,
            "small-shuffled" => lists.SmallShuffled,
            "large-sequential" => lists.LargeSequential,
            _ => lists.LargeShuffled,
        };
        _addresses = all[..Count];
        _physical = new ulong[Count];
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public ulong TryTranslate()
    {
        ulong sum = 0;
        foreach (ulong address in _addresses)
        {
            _space.TryTranslate(new(address), out PhysicalAddress physical);
            sum += physical.Value;
        }

        return sum;
    }

    [Benchmark(OperationsPerInvoke = Count)]
    public void TranslateMany() => _space.TranslateMany(_addresses, _physical);

    /// <summary>A caller who sorts first, and pays for it.</summary>
    [Benchmark(OperationsPerInvoke = Count)]
    public void SortAndTranslateMany()
    {
        ulong[] sorted = [.. _addresses];
        Array.Sort(sorted);
        _space.TranslateMany(sorted, _physical);
    }
}
