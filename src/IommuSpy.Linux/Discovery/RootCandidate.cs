using IommuSpy.Linux.Architecture;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>A page that has the shape of a top-level table of a Linux kernel.</summary>
/// <param name="Architecture">Of which architecture.</param>
/// <param name="Address">The page.</param>
/// <param name="Mode">How the CPU reads the tables.</param>
/// <param name="Text">The kernel image that it maps.</param>
internal sealed record RootCandidate(CpuArchitecture Architecture, PhysicalAddress Address, PagingMode Mode, TextMapping Text)
{
    /// <summary>The address space under the root.</summary>
    public AddressSpace Space(PhysicalMemory memory) => AddressSpace.Of(memory, Address, Mode);
}
