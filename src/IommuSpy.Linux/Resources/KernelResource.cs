using IommuSpy.Memory;

namespace IommuSpy.Linux.Resources;

/// <summary>A range of physical addresses or of I/O ports that somebody claimed (struct resource, include/linux/ioport.h).</summary>
/// <param name="Object">Where its structure is.</param>
/// <param name="Start">Its first address or port.</param>
/// <param name="Last">Its last address or port.</param>
/// <param name="Name">Who claimed it, or what it is, as the kernel has it; null where its name cannot be read.</param>
/// <param name="Depth">How many resources it stands in; 0 at the top.</param>
public sealed record KernelResource(VirtualAddress Object, ulong Start, ulong Last, string? Name, int Depth)
{
    /// <summary>Whether the kernel takes it for memory: its processes and caches are in it.</summary>
    public bool IsMemory => Depth == 0 && Name is "System RAM" or "Persistent Memory" or "Persistent Memory (legacy)";
}
