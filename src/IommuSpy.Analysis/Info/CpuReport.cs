using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Info;

/// <summary>Where a CPU was when the image was taken.</summary>
/// <param name="Cr3">Its CR3, flags included; null where the image does not have it.</param>
/// <param name="InstructionPointer">Its RIP; null where that is not known.</param>
/// <param name="Symbol">What stands there; null where no symbol does.</param>
/// <param name="Guest">
/// Whose registers they are, where a virtual machine ran on the CPU at that moment: "CPU 0 of guest[136]"; null where they are the machine's own.
/// </param>
public sealed record CpuReport(HexValue? Cr3, VirtualAddress? InstructionPointer, string? Symbol, string? Guest = null);
