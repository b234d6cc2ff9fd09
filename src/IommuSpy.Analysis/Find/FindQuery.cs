using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Memory.Search;

namespace IommuSpy.Analysis.Find;

/// <summary>What is searched for, and where.</summary>
/// <param name="Patterns">What.</param>
/// <param name="Kernel">In the kernel's addresses.</param>
/// <param name="Process">In a process's addresses; null for physical memory, or with <paramref name="Kernel"/> the kernel's.</param>
/// <param name="Range">Only in this range of virtual addresses, both ends included.</param>
/// <param name="Physical">Only in this range of physical memory.</param>
/// <param name="Most">No more matches than this.</param>
public sealed record FindQuery(
    PatternSet Patterns,
    bool Kernel = false,
    KernelTask? Process = null,
    (VirtualAddress First, VirtualAddress Last)? Range = null,
    PhysicalRange? Physical = null,
    long Most = long.MaxValue);
