using BenchmarkDotNet.Attributes;
using IommuSpy.Linux;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;

namespace IommuSpy.Bench;

/// <summary>What a command does before it can answer, and the scans of all memory.</summary>
public class DiscoveryBenchmarks
{
    private byte[] _kernelImage = [];

    [GlobalSetup]
    public void Setup()
    {
        LinuxKernel kernel = BenchImage.Kernel;
        _kernelImage = new byte[kernel.Text.Length];
        kernel.Memory.Read(kernel.Text.Physical, _kernelImage);
    }

    /// <summary>From a path to a known kernel. The file is mapped anew, so the page faults are in it.</summary>
    [Benchmark]
    public LinuxKernel OpenAndDiscover()
    {
        using MemoryImage image = MemoryImage.Open(BenchImage.Path);
        return LinuxKernel.Discover(image);
    }

    [Benchmark]
    public LinuxKernel Discover() => LinuxKernel.Discover(BenchImage.Image);

    [Benchmark]
    public int ReadKallsyms() => KallsymsReader.TryRead(_kernelImage, BenchImage.Kernel.Text.Start, out KallsymsTable? table, out string reason)
        ? table.Symbols.Count
        : throw new InvalidOperationException(reason);

    /// <summary>All top-level tables: a scan of all memory by every core, and a look at what each maps.</summary>
    [Benchmark]
    public int FindRoots() => RootTables.FindAll(BenchImage.Kernel).Count;
}
