using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>What one leaf of a CPU's tables maps.</summary>
/// <param name="Address">First virtual address that it translates.</param>
/// <param name="Physical">Where that is in physical memory.</param>
/// <param name="Bytes">How many bytes it maps: a power of two.</param>
/// <param name="Rights">What all levels together let through.</param>
/// <param name="Level">Level of the entry: 1 is the last.</param>
/// <param name="Entry">The entry, with the walker's mask applied: without the C-bit.</param>
public readonly record struct CpuLeaf(VirtualAddress Address, PhysicalAddress Physical, ulong Bytes, AccessRights Rights, int Level, ulong Entry);
