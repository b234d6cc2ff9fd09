namespace IommuSpy.Memory;

/// <summary>What the user says of an image that its bytes do not.</summary>
/// <param name="RamSplit">Of a raw file: bytes of RAM below the 4 GiB hole, the rest standing at 4 GiB; 0 says that there is no hole; null, that it has to be found.</param>
/// <param name="AllowTruncated">Analyse what is there of an image that has lost its end.</param>
public sealed record MemoryImageOptions(ulong? RamSplit = null, bool AllowTruncated = false)
{
    /// <summary>Nothing is said.</summary>
    public static MemoryImageOptions Default { get; } = new();
}
