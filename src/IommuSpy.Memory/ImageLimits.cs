namespace IommuSpy.Memory;

/// <summary>
/// What an image may claim before it is refused, and what reading it may cost. Nothing is allocated by a number that a file gives beyond these.
/// </summary>
public sealed record ImageLimits
{
    /// <summary>The limits that hold where none are given.</summary>
    public static ImageLimits Default { get; } = new();

    /// <summary>Runs of memory that an image may have: real machines have tens, dumps of virtual machines thousands.</summary>
    public int MemoryRanges { get; init; } = 1 << 20;

    /// <summary>Bytes of notes: CPU states and VMCOREINFO. QEMU keeps less than 2 KiB for each CPU, the kernel less than 1 KiB.</summary>
    public int NoteBytes { get; init; } = 16 << 20;

    /// <summary>Bytes of decoded pages that are kept for reading again.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>Bytes that a compressed container may unpack to on disk: what the largest machines have.</summary>
    public long UnpackedBytes { get; init; } = 16L << 40;

    /// <summary>How many times its own size a compressed container may unpack to, where that is more than 1 GiB: zeros compress without end.</summary>
    public int UnpackedRatio { get; init; } = 256;

    /// <summary>Pieces that a file may be put together from: flattened dumps, saved virtual machines, frames of compressed memory.</summary>
    public int Pieces { get; init; } = 1 << 26;
}
