using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>A slab and its objects.</summary>
/// <param name="Cache">Its cache.</param>
/// <param name="ObjectBytes">Bytes of an object.</param>
/// <param name="StrideBytes">Bytes from one object to the next.</param>
/// <param name="Start">Where the slab begins.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Live">How many objects are allocated.</param>
/// <param name="Free">How many are free, those that CPUs keep included.</param>
/// <param name="Cpu">The CPU that allocates from it now; null for none.</param>
/// <param name="Damage">What of its free lists could not be followed; null for nothing.</param>
/// <param name="Objects">The objects that have a byte in the page asked for, or all of them.</param>
public sealed record SlabReport(
    string Cache, uint ObjectBytes, uint StrideBytes, VirtualAddress Start, ulong Bytes, int Live, int Free, int? Cpu, string? Damage,
    IReadOnlyList<SlabObjectReport> Objects)
{
    /// <summary>The report of a slab, with the objects of one of its pages.</summary>
    /// <param name="slab">The slab.</param>
    /// <param name="frame">The page; null for all objects.</param>
    public static SlabReport Of(SlabPages slab, PageFrame? frame) => new(
        slab.Cache.Name,
        slab.Cache.ObjectSize,
        slab.Cache.Size,
        slab.Start,
        slab.Bytes,
        slab.Objects.Count(item => item.State == SlabObjectState.Live),
        slab.Objects.Count(item => item.State is SlabObjectState.Free or SlabObjectState.FreeCached or SlabObjectState.Freeing),
        slab.Cpu,
        slab.Damage,
        [.. (frame is PageFrame page ? slab.ObjectsIn(page.Address, PageFrame.Size) : slab.Objects).Select(SlabObjectReport.Of)]);
}
