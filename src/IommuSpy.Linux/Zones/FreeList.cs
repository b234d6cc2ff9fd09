using IommuSpy.Memory;

namespace IommuSpy.Linux.Zones;

/// <summary>A list of free blocks of one order and migrate type.</summary>
/// <param name="Type">The migrate type as the kernel prints it: "Unmovable".</param>
/// <param name="Blocks">The first page frame of each block, in the list's order.</param>
/// <param name="Damage">Why the list could not be followed to its end; null where it could.</param>
public sealed record FreeList(string Type, IReadOnlyList<PageFrame> Blocks, string? Damage);
