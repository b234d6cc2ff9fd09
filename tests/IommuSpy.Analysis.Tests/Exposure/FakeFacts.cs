using IommuSpy.Analysis.Exposure;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Memory that is what a test says.</summary>
internal sealed class FakeFacts : IMemoryFacts
{
    public Dictionary<ulong, PageFacts> Pages { get; } = [];

    public Dictionary<ulong, string[]> Functions { get; } = [];

    public List<SocketBuffer> Packets { get; } = [];

    public bool? CompatibilityInterrupts { get; set; }

    public IReadOnlyList<SocketBuffer> SocketBuffers => Packets;

    public PageFacts FactsOf(PageFrame frame) => Pages.GetValueOrDefault(frame.Number) ?? new();

    public IReadOnlyList<string> FunctionPointers(SlabCache cache, SlabObject item) => Functions.GetValueOrDefault(item.Address.Value) ?? [];

    public bool? LetsCompatibilityInterruptsThrough(IommuUnit unit) => CompatibilityInterrupts;
}
