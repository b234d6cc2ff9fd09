using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Writing;

/// <summary>How an image is written.</summary>
/// <param name="Format">The format.</param>
/// <param name="Compression">Of a kdump: how pages are compressed.</param>
/// <param name="ExcludeZero">Leave zero pages out.</param>
/// <param name="Filter">Which pages are kept; null keeps all.</param>
/// <param name="DirectMap">Of an ELF core: the kernel's direct map, from which peers take the virtual addresses; null where it is not known.</param>
public sealed record WriteOptions(
    ImageFormat Format,
    PageCompression Compression = PageCompression.Zlib,
    bool ExcludeZero = false,
    IPageFilter? Filter = null,
    VirtualAddress? DirectMap = null)
{
    /// <summary>Notes that the written image gets: those of the image it is made of, where nothing else is said.</summary>
    public IReadOnlyList<ElfNote>? Notes { get; init; }

    /// <summary>
    /// Of an ELF core: the kernel's image, which gets program headers of its own over the same bytes, as in /proc/vmcore (arch/x86/kernel/crash.c). Peers find
    /// the page tables through them (drgn refuses a core without). Null where it is not known.
    /// </summary>
    public MappedRange? KernelImage { get; init; }

    /// <summary>The kernel's release, for the header of a kdump.</summary>
    public string? Release { get; init; }

    /// <summary>Which machine the header says it is of; null for what the image says itself.</summary>
    public ImageMachine? Machine { get; init; }

    /// <summary>Bytes of memory, from the first on, that the output has already: they are not read again.</summary>
    internal ulong SkippedBytes { get; init; }

    /// <summary>Told after each piece how many bytes of memory are written.</summary>
    internal Action<ulong>? Taken { get; init; }

    /// <summary>Told how far it is: from 0 to 1, at most some hundred times.</summary>
    public Action<double>? Progress { get; init; }
}
