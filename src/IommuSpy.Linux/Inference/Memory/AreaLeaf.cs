using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>A present page of an area.</summary>
/// <param name="Area">The area.</param>
/// <param name="Page">Its number from the area's start.</param>
/// <param name="Entry">The leaf that maps it, as it stands in the table.</param>
/// <param name="Level">The leaf's level: 1 for a page of 4 KiB.</param>
/// <param name="Frame">Its frame.</param>
internal readonly record struct AreaLeaf(ulong Area, ulong Page, ulong Entry, int Level, PageFrame Frame);
