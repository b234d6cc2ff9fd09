namespace IommuSpy.Linux.Discovery;

/// <summary>One way a fact was found.</summary>
/// <param name="Value">What it says.</param>
/// <param name="Source">The way, in words: "kallsyms page_offset_base", "page tables", "VMCOREINFO KERNELOFFSET".</param>
public sealed record Witness<T>(T Value, string Source)
    where T : IEquatable<T>;
