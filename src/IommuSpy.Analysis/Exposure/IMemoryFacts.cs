using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>What rules ask of the machine's memory.</summary>
public interface IMemoryFacts
{
    /// <summary>What a page is.</summary>
    PageFacts FactsOf(PageFrame frame);

    /// <summary>The functions that an object points at: words in it that are exactly a function's address.</summary>
    IReadOnlyList<string> FunctionPointers(SlabCache cache, SlabObject item);

    /// <summary>The buffers of network packets; empty where they cannot be told.</summary>
    IReadOnlyList<SocketBuffer> SocketBuffers { get; }

    /// <summary>Whether a unit lets interrupts through that are not remapped (VT-d: GCMD.CFI); null where nothing tells.</summary>
    bool? LetsCompatibilityInterruptsThrough(IommuUnit unit);
}
