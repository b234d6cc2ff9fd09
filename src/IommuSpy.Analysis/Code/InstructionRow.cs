using IommuSpy.Linux.Code;
using IommuSpy.Linux.Kallsyms;

namespace IommuSpy.Analysis.Code;

/// <summary>An instruction, with what is known of where it is and of where it goes.</summary>
/// <param name="Instruction">The instruction.</param>
/// <param name="Symbol">The function it is in, and how far; null for none.</param>
/// <param name="Target">The symbol at or before where it goes, or what it refers to, a per-CPU variable too; null for none.</param>
/// <param name="Notes">What the kernel's own tables say of this place: jump labels, static calls, BUG and WARN, faults, the tracer, probes.</param>
/// <param name="IsAskedFor">Whether the address that was asked for is in it.</param>
public sealed record InstructionRow(Instruction Instruction, SymbolOffset? Symbol, SymbolOffset? Target, IReadOnlyList<string> Notes, bool IsAskedFor);
