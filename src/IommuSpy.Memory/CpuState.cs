namespace IommuSpy.Memory;

/// <summary>The registers of one CPU when the image was taken, as far as address translation needs them.</summary>
/// <param name="InstructionPointer">RIP.</param>
/// <param name="StackPointer">RSP.</param>
/// <param name="Cr0">CR0; bit 31 is PG.</param>
/// <param name="Cr3">CR3: bits 12-51 are the root table, the rest flags or PCID.</param>
/// <param name="Cr4">CR4; bit 12 is LA57: 5-level tables.</param>
public sealed record CpuState(VirtualAddress InstructionPointer, VirtualAddress StackPointer, ulong Cr0, ulong Cr3, ulong Cr4);
