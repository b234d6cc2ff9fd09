using IommuSpy.Linux;
using IommuSpy.Memory;

namespace IommuSpy.Bench;

/// <summary>The image that all benchmarks run on, opened once.</summary>
internal static class BenchImage
{
    private const string Variable = "IOMMU_SPY_BENCH_IMAGE";

    public static string Path { get; } = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path
        ? path
        : throw new InvalidOperationException($"name a memory image of a 4-level guest in {Variable}");

    public static MemoryImage Image { get; } = MemoryImage.Open(Path);

    public static LinuxKernel Kernel { get; } = LinuxKernel.Discover(Image);
}
