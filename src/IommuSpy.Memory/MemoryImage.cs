namespace IommuSpy.Memory;

/// <summary>An opened capture: the memory, and what was recorded beside it.</summary>
public sealed class MemoryImage : IDisposable
{
    private readonly MappedFile _file;

    internal MemoryImage(MappedFile file, string format, IReadOnlyList<MemoryLayout> layouts)
    {
        _file = file;
        Format = format;
        Layouts = layouts;
    }

    /// <summary>The path it was opened by.</summary>
    public string Path => _file.Path;

    /// <summary>The format, in words: "ELF core", "raw".</summary>
    public string Format { get; }

    /// <summary>
    /// The ways to read the file as physical memory, likeliest first; at least one. Most formats say where each byte belongs and have one. A raw
    /// file does not: whether it leaves out the hole below 4 GiB is for the page tables in it to tell.
    /// </summary>
    public IReadOnlyList<MemoryLayout> Layouts { get; }

    /// <summary>Whether the format says how much memory there should be. A raw file does not: whether its end is missing is for the kernel in it to tell.</summary>
    public bool DeclaresItsSize { get; init; } = true;

    /// <summary>ELF notes, in file order; empty where the format has none.</summary>
    public IReadOnlyList<ElfNote> Notes { get; init; } = [];

    /// <summary>The CPUs' registers; empty where the format has none.</summary>
    public IReadOnlyList<CpuState> Cpus { get; init; } = [];

    /// <summary>What of the image is missing, one line each: "program header 3 ends at 0x20ff4000 and the file at 0x1f000000". Empty for a whole image.</summary>
    public IReadOnlyList<string> Damage { get; init; } = [];

    /// <summary>Opens a file of any supported format, recognised by its content.</summary>
    /// <exception cref="MemoryImageException">The file cannot be read, or what it says of itself is wrong.</exception>
    public static MemoryImage Open(string path, MemoryImageOptions? options = null)
    {
        MappedFile file = MappedFile.Open(path);
        try
        {
            return MemoryFormats.Recognise(file).Open(file, options ?? MemoryImageOptions.Default);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Unmaps the file. Memory and spans from it must not be used afterwards.</summary>
    public void Dispose() => _file.Dispose();
}
