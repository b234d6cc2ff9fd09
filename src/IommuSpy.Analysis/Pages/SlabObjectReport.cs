using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Pages;

/// <summary>An object in a slab.</summary>
/// <param name="Virtual">Where it begins, in the direct map.</param>
/// <param name="Index">Its number in the slab, from 0.</param>
/// <param name="State">Whether somebody owns it.</param>
public sealed record SlabObjectReport(VirtualAddress Virtual, int Index, SlabObjectState State)
{
    /// <summary>The report of an object.</summary>
    internal static SlabObjectReport Of(SlabObject item) => new(item.Address, item.Index, item.State);
}
