namespace IommuSpy.Memory;

/// <summary>What the user says of an image that its bytes do not.</summary>
/// <param name="RamSplit">Of a raw file: bytes of RAM below the 4 GiB hole, the rest standing at 4 GiB; 0 says that there is no hole; null, that it has to be
/// found.</param>
/// <param name="AllowTruncated">Analyse what is there of an image that has lost its end.</param>
public sealed record MemoryImageOptions(ulong? RamSplit = null, bool AllowTruncated = false)
{
    /// <summary>Options of a user who says nothing of the image.</summary>
    public static MemoryImageOptions Default { get; } = new();

    /// <summary>What the image may claim and cost.</summary>
    public ImageLimits Limits { get; init; } = ImageLimits.Default;

    /// <summary>Stop a running guest while it is read.</summary>
    public bool Pause { get; init; }

    /// <summary>Told, a line each, what takes its time or leaves something on disk: that a container is unpacked, and where.</summary>
    public Action<string>? Tell { get; init; }
}
