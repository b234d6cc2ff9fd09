namespace IommuSpy;

/// <summary>What is known of a source that its bytes do not tell. Every property may stay as it is.</summary>
public sealed record MachineOptions
{
    /// <summary>
    /// What describes the kernel's types: "auto" (the best there is), "btf" (out of the image), "infer" (from the data), or the path of a file: raw BTF,
    /// a vmlinux with BTF or DWARF, Volatility's .json or .json.xz.
    /// </summary>
    public string Types { get; init; } = Linux.Types.TypeSource.Automatic;

    /// <summary>Analyse what is there of an image that has lost a part of its memory, rather than refuse it.</summary>
    public bool AllowTruncated { get; init; }

    /// <summary>
    /// Of a raw RAM file: bytes of RAM below the hole that ends at 4 GiB, the rest standing at 4 GiB; 0 for no hole; null for it to be found.
    /// </summary>
    public ulong? RamSplit { get; init; }

    /// <summary>Of a running guest ("qemu:PATH"): stop it while it is read.</summary>
    public bool Pause { get; init; }

    /// <summary>Told, a line each, what takes its time or leaves something on disk: that a container is unpacked, and where. Null for nobody.</summary>
    public Action<string>? Tell { get; init; }
}
