using IommuSpy.Memory;

namespace IommuSpy.Translation;

/// <summary>One entry that a walk read.</summary>
/// <param name="Level">Its level: 1 is the last (x86-64: PT), 4 or 5 the first.</param>
/// <param name="Index">Which entry of its table, from 0.</param>
/// <param name="EntryAddress">Where it stands in physical memory.</param>
/// <param name="Entry">Its 8 bytes as they stand there.</param>
/// <param name="Present">Whether hardware uses it.</param>
/// <param name="IsLeaf">Whether it maps memory.</param>
/// <param name="OwnRights">What it alone lets through; the path as a whole may let through less.</param>
/// <param name="ReservedBits">Must-be-zero bits that are set; 0 for a good entry.</param>
public sealed record TranslationStep(
    int Level, int Index, PhysicalAddress EntryAddress, ulong Entry, bool Present, bool IsLeaf, AccessRights OwnRights, ulong ReservedBits);
