using BenchmarkDotNet.Attributes;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;

namespace IommuSpy.Bench;

/// <summary>Devices and the index from pages to devices. The set-up prints how much is mapped for devices.</summary>
public class DeviceReachBenchmarks
{
    private Machine? _machine;

    [GlobalSetup]
    public void Setup()
    {
        _machine = Machine.Open(BenchImage.Path);
        DeviceReach reach = _machine.DeviceReach;
        Console.WriteLine($"// {reach.Devices.Count} devices, {reach.Spaces.Count} sets of tables, {reach.Spaces.Sum(space => (long)space.MappedBytes)} bytes "
            + $"mapped, {reach.Extents} extents");
    }

    /// <summary>From the image's name to the whole index: what one command costs.</summary>
    [Benchmark]
    public int StartToIndex()
    {
        using Machine machine = Machine.Open(BenchImage.Path);
        return machine.DeviceReach.Extents;
    }

    /// <summary>The index alone.</summary>
    [Benchmark]
    public int Index() => DeviceReach.Of(_machine!.Devices.Devices).Extents;
}
