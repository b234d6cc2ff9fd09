using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>Memory that is what a test says.</summary>
internal sealed class FakeFacts : IMemoryFacts
{
    public Dictionary<ulong, PageFacts> Pages { get; } = [];

    public Dictionary<ulong, string[]> Functions { get; } = [];

    public List<SocketBuffer> Packets { get; } = [];

    public bool? CompatibilityInterrupts { get; set; }

    public List<InterruptEntry> Interrupts { get; } = [];

    public List<OutdatedPin> Pins { get; } = [];

    public Dictionary<PhysicalAddress, string>? Targets { get; set; }

    public Dictionary<PhysicalAddress, string> Processes { get; } = [];

    public Dictionary<string, bool> Flags { get; } = [];

    public string? CommandLine { get; set; }

    public IReadOnlyDictionary<PhysicalAddress, string>? PostedTargets => Targets;

    public IReadOnlyList<SocketBuffer> SocketBuffers => Packets;

    public PageFacts FactsOf(PageFrame frame) => Pages.GetValueOrDefault(frame.Number) ?? new();

    public IReadOnlyList<string> FunctionPointers(SlabCache cache, SlabObject item) => Functions.GetValueOrDefault(item.Address.Value) ?? [];

    public IReadOnlyList<InterruptEntry> InterruptsOf(IommuUnit unit) => Interrupts;

    public string? ProcessOf(PhysicalAddress root) => Processes.GetValueOrDefault(root);

    public bool? ModuleFlag(string moduleName, string variable) => Flags.TryGetValue($"{moduleName}.{variable}", out bool value) ? value : null;

    public IReadOnlyList<OutdatedPin> OutdatedPinsOf(ReachSpace space) => Pins;

    public bool? LetsCompatibilityInterruptsThrough(IommuUnit unit) => CompatibilityInterrupts;
}
