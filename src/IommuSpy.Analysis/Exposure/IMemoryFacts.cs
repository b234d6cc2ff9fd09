using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

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

    /// <summary>The interrupt remapping entries of a unit that are in use; empty where they cannot be read.</summary>
    IReadOnlyList<InterruptEntry> InterruptsOf(IommuUnit unit);

    /// <summary>
    /// Where interrupts may be posted to, and whose each place is; null where that cannot be told, which is no reason to take a place for nobody's.
    /// </summary>
    IReadOnlyDictionary<PhysicalAddress, string>? PostedTargets { get; }

    /// <summary>The process whose top-level page table it is: "workload[173]"; null for no process's.</summary>
    string? ProcessOf(PhysicalAddress root);

    /// <summary>What the kernel was started with; null where that cannot be read.</summary>
    string? CommandLine { get; }

    /// <summary>A variable of a module that is true or false; null where there is no such module or variable.</summary>
    bool? ModuleFlag(string moduleName, string variable);

    /// <summary>Pages that devices reach since a process gave them, where it has others now; empty where nobody gave any, or where that is not known.</summary>
    IReadOnlyList<OutdatedPin> OutdatedPinsOf(ReachSpace space);

    /// <summary>Whether a unit lets interrupts through that are not remapped (VT-d: GCMD.CFI); null where nothing tells.</summary>
    bool? LetsCompatibilityInterruptsThrough(IommuUnit unit);
}
