using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Stacks;

/// <summary>A place of the kernel's code on a stack.</summary>
/// <param name="Address">The address: of a call, where it returns to; of an interrupt or an exception, what was interrupted.</param>
/// <param name="Symbol">The function, and how far into it; null where no symbol reaches it.</param>
/// <param name="Stack">Where on the stack it was found.</param>
/// <param name="IsInterrupted">Whether it was interrupted, rather than left by a call.</param>
public sealed record StackFrame(VirtualAddress Address, SymbolOffset? Symbol, VirtualAddress Stack, bool IsInterrupted);
