using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Architecture;

/// <summary>Finds top-level page tables in a memory by the shape that every Linux one of an architecture has.</summary>
/// <remarks>
/// What it finds has the shape of a root; whether the kernel still uses it (a freed one keeps its shape) is for the kernel's own lists to say.
/// </remarks>
internal abstract class RootSearch(CpuArchitecture architecture)
{
    /// <summary>The architecture.</summary>
    public CpuArchitecture Architecture => architecture;

    /// <summary>The candidates in memory order. A caller that has enough stops reading, and the rest of memory is not looked at.</summary>
    public abstract IEnumerable<RootCandidate> Candidates();

    /// <summary>The candidate at one page, or null where it does not have the shape.</summary>
    public abstract RootCandidate? At(PhysicalAddress page);

    /// <summary>The candidate that a CPU's registers name, or null where they name none.</summary>
    public abstract RootCandidate? Of(CpuState cpu);
}
