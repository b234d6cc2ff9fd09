using IommuSpy.Memory;

namespace IommuSpy.Testing.Kernel;

/// <summary>A process of a built kernel.</summary>
/// <param name="Root">Its top-level table; the kernel half under PTI.</param>
/// <param name="UserHalf">The table that the CPU uses in user mode under PTI; null without.</param>
/// <param name="Pages">Its user pages: address, physical address and the leaf's flags, all of 4 KiB.</param>
public sealed record BuiltProcess(
    PhysicalAddress Root, PhysicalAddress? UserHalf, IReadOnlyList<(VirtualAddress Address, PhysicalAddress Physical, ulong Flags)> Pages)
{
    /// <summary>Bytes mapped in user space.</summary>
    public ulong UserBytes => (ulong)Pages.Count * PageFrame.Size;
}
