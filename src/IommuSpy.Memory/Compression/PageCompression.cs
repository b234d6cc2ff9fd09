namespace IommuSpy.Memory.Compression;

/// <summary>How a page is compressed; the values are those of kdump's page descriptors (makedumpfile, diskdump_mod.h).</summary>
public enum PageCompression
{
    /// <summary>The page as it is.</summary>
    None = 0,

    /// <summary>zlib.</summary>
    Zlib = 1,

    /// <summary>LZO1X.</summary>
    Lzo = 2,

    /// <summary>Snappy, a block.</summary>
    Snappy = 4,

    /// <summary>Zstandard, a frame.</summary>
    Zstd = 0x20,
}
