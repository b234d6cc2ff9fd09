using IommuSpy.Memory.Containers;
using IommuSpy.Memory.Sources;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory;

/// <summary>An opened capture: the memory, and what was recorded beside it.</summary>
public sealed class MemoryImage : IDisposable
{
    private readonly IReadOnlyList<IDisposable> _owned;
    private int _holders = 1;

    internal MemoryImage(ImageFile file, string format, IReadOnlyList<MemoryLayout> layouts)
        : this(file.Path, [file], format, layouts)
    {
    }

    internal MemoryImage(string path, IReadOnlyList<IDisposable> owned, string format, IReadOnlyList<MemoryLayout> layouts)
    {
        Path = path;
        _owned = owned;
        Format = format;
        Layouts = layouts;
    }

    /// <summary>The path it was opened by; of several files, the first's.</summary>
    public string Path { get; }

    /// <summary>The format, in words: "ELF core", "raw".</summary>
    public string Format { get; }

    /// <summary>
    /// The ways to read the file as physical memory, likeliest first; at least one. Most formats say where each byte belongs and have one. A raw
    /// file does not: whether it leaves out the hole below 4 GiB is for the page tables in it to tell.
    /// </summary>
    public IReadOnlyList<MemoryLayout> Layouts { get; }

    /// <summary>Ways to read it for which nothing speaks, likeliest first: for whoever finds nothing in any of <see cref="Layouts"/>.</summary>
    public IReadOnlyList<MemoryLayout> OtherLayouts { get; init; } = [];

    /// <summary>
    /// Whether the format says how much memory there should be. A raw file does not: whether its end is missing is for the kernel in it to tell.
    /// </summary>
    public bool DeclaresItsSize { get; init; } = true;

    /// <summary>Whether the format says at which address each byte belongs. Where it does not, what is in memory has to bear a layout out.</summary>
    public bool DeclaresPlaces { get; init; } = true;

    /// <summary>Whether all that is known of the layout is known without a look at the kernel: there is one, and it leaves nothing out.</summary>
    public bool HasOneLayout => Layouts is [{ Unplaced.Count: 0 }];

    /// <summary>ELF notes, in file order; empty where the format has none.</summary>
    public IReadOnlyList<ElfNote> Notes { get; init; } = [];

    /// <summary>The CPUs' registers; empty where the format has none.</summary>
    public IReadOnlyList<CpuState> Cpus { get; init; } = [];

    /// <summary>Which machine it is of; null where the format does not say.</summary>
    public ImageMachine? Machine { get; init; }

    /// <summary>Which kinds of pages were left out (makedumpfile -d): zero 1, cache 2 and 4, user 8, free 16; null where the format does not say.</summary>
    public int? DumpLevel { get; init; }

    /// <summary>
    /// What the machine says of itself beside its memory: /proc and /sys, of the running machine or as they were recorded with the image. Null where nothing is
    /// known.
    /// </summary>
    public SystemFiles? SystemFiles { get; internal set; }

    /// <summary>Whether the memory changes while it is read, because it is this machine's.</summary>
    public bool IsLive => SystemFiles is RunningFiles;

    /// <summary>
    /// What of the image is missing, one line each: "program header 3 ends at 0x20ff4000 and the file at 0x1f000000". Empty for a whole image.
    /// </summary>
    public IReadOnlyList<string> Damage { get; init; } = [];

    /// <summary>What a machine holds of another one in it: a virtual machine's memory, in that of its host.</summary>
    /// <param name="host">The image of the machine around it, which is this one's from now on, and is let go of with it.</param>
    /// <param name="name">What to call it where the path of an image is named.</param>
    /// <param name="format">What it is, in words.</param>
    /// <param name="memory">Its memory.</param>
    /// <param name="cpus">Its CPUs' registers; empty where they are not known.</param>
    public static MemoryImage Within(MemoryImage host, string name, string format, PhysicalMemory memory, IReadOnlyList<CpuState> cpus) =>
        new(name, [host], format, [new(memory, format)]) { Cpus = cpus, Machine = host.Machine };

    /// <summary>Opens an image of any supported format, recognised by its content.</summary>
    /// <exception cref="MemoryImageException">It cannot be read, or what it says of itself is wrong.</exception>
    public static MemoryImage Open(string path, MemoryImageOptions? options = null) => Open([path], options);

    /// <summary>
    /// Folders in which opening images may make files: copies of what is unpacked, piped or taken from a running guest. One that is missing is made where
    /// only files are read.
    /// </summary>
    /// <param name="paths">As for <see cref="Open(IReadOnlyList{string}, MemoryImageOptions)"/>.</param>
    public static IReadOnlyList<string> FoldersOfCopies(IReadOnlyList<string> paths) =>
        paths.Any(LiveSource.IsServer) || UnpackedCopies.OfUser() is not { } copies
            ? [System.IO.Path.GetTempPath()] : [System.IO.Path.GetTempPath(), copies.Folder];

    /// <summary>Whether a source is a server: "qemu:PATH", "gdb:HOST:PORT".</summary>
    public static bool IsServer(string path) => LiveSource.IsServer(path);

    /// <summary>
    /// Opens an image that stands in one file or in several: the parts of a split dump, in any order, or the files of a machine's memory, in theirs.
    /// </summary>
    /// <exception cref="MemoryImageException">It cannot be read, what it says of itself is wrong, or the files do not belong together.</exception>
    public static MemoryImage Open(IReadOnlyList<string> paths, MemoryImageOptions? options = null)
    {
        List<ImageFile> files = [];
        options ??= MemoryImageOptions.Default;
        if (paths is [string only] && LiveSource.Open(only, options) is MemoryImage live)
        {
            return live;
        }

        try
        {
            foreach (string path in paths)
            {
                files.Add(string.Equals(path, Unpacked.StandardInput, StringComparison.Ordinal) ? Unpacked.OfStandardInput(options) : MappedFile.Open(path));
            }

            MemoryImage image = MemoryFormats.Open(files, options);
            image.SystemFiles ??= SystemRecord.In(image.Notes, image.Path) ?? SystemRecord.Beside(paths[0]);
            return image;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <summary>The same image for another who disposes of it: it lets go of what it reads from when all have.</summary>
    public MemoryImage Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>Lets go of what it reads from. Memory and spans from it must not be used afterwards.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return;
        }

        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }
}
