using IommuSpy.Linux.Code;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Code;

/// <summary>Which instructions.</summary>
/// <param name="Address">Where: of an address in a function, the whole function unless <paramref name="Count"/> says otherwise.</param>
/// <param name="Root">The top table to go through; null for the kernel's own.</param>
/// <param name="Count">So many instructions from the address on; null for the function, or where there is none, for a screen full.</param>
/// <param name="Syntax">How the text is spelled.</param>
public sealed record DisassemblyQuery(VirtualAddress Address, PhysicalAddress? Root = null, int? Count = null, AssemblySyntax Syntax = AssemblySyntax.Att);
