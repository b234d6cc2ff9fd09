namespace IommuSpy.Analysis.Pages;

/// <summary>The free blocks of a zone on the lists of one migrate type.</summary>
/// <param name="Type">The migrate type: "Unmovable".</param>
/// <param name="Counts">Free blocks by order, from 0.</param>
public sealed record BuddyTypeReport(string Type, IReadOnlyList<ulong> Counts);
