using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Maps;

/// <summary>A run of virtual memory that is mapped alike: one leaf, or neighbours merged.</summary>
/// <param name="Virtual">First address.</param>
/// <param name="Length">Length of the mapping, in bytes.</param>
/// <param name="Physical">Physical address of the first byte.</param>
/// <param name="PhysicalRuns">How many runs of physical memory it takes; 1 when it is contiguous there.</param>
/// <param name="PageSize">Bytes of each of its pages.</param>
/// <param name="Entry">The first leaf's entry.</param>
/// <param name="Rights">What all levels together let through.</param>
/// <param name="Region">Which region of the kernel's map it is in.</param>
public readonly record struct Mapping(
    VirtualAddress Virtual, ulong Length, PhysicalAddress Physical, long PhysicalRuns, ulong PageSize, ulong Entry, AccessRights Rights, string Region);
