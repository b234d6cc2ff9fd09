using IommuSpy.Memory;

namespace IommuSpy.Linux.Modules;

/// <summary>A run of a module's memory.</summary>
/// <param name="Kind">What it holds: "text", "rodata", "ro after init", "data"; with "init" before it, what is freed after loading.</param>
/// <param name="Start">First address.</param>
/// <param name="Length">Bytes.</param>
public sealed record ModuleMemory(string Kind, VirtualAddress Start, ulong Length)
{
    /// <summary>Whether an address falls into it.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;
}
