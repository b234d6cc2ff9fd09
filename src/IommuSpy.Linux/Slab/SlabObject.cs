using IommuSpy.Memory;

namespace IommuSpy.Linux.Slab;

/// <summary>An object in a slab.</summary>
/// <param name="Address">Where it begins, in the direct map.</param>
/// <param name="Index">Its number in the slab, from 0.</param>
/// <param name="State">Whether somebody owns it.</param>
public readonly record struct SlabObject(VirtualAddress Address, int Index, SlabObjectState State);
