using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Explain;

/// <summary>One entry of a walk through a device's tables.</summary>
/// <param name="Level">The level, 1 for the last.</param>
/// <param name="Index">Which entry, from 0.</param>
/// <param name="EntryAddress">Where it stands.</param>
/// <param name="Entry">The entry.</param>
/// <param name="Rights">What it lets through by itself: "rw", "r", "w"; null for one that is not present.</param>
public sealed record IovaStepReport(int Level, int Index, PhysicalAddress EntryAddress, HexValue Entry, string? Rights);
