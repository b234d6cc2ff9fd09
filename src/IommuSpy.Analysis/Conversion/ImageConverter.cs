using System.Diagnostics;
using IommuSpy.Linux;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Analysis.Conversion;

/// <summary>
/// Writes an image in another format. Where a kernel is found in it, it says what the image alone does not: which layout of a raw file is right, VMCOREINFO,
/// and where memory is mapped, which peers take from an ELF core.
/// </summary>
public sealed class ImageConverter
{
    private readonly ImageToWrite _source;

    /// <summary>Looks for the kernel in an image.</summary>
    /// <param name="image">The image, which stays the caller's.</param>
    /// <param name="options">What the user says of it.</param>
    /// <exception cref="MemoryImageException">The image has lost a part of the kernel's memory.</exception>
    public ImageConverter(MemoryImage image, MemoryImageOptions options) => _source = new(image, options);

    /// <summary>Writes a file, or with null into <paramref name="stream"/>.</summary>
    /// <param name="path">The file; "-" for the stream.</param>
    /// <param name="stream">Where "-" goes.</param>
    /// <param name="format">The format.</param>
    /// <param name="compression">Of a kdump.</param>
    /// <param name="exclude">Kinds of pages to leave out.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <exception cref="MissingTypeException">Pages are to be left out by their kind, and nothing describes the kernel's struct pages.</exception>
    /// <exception cref="LinuxDiscoveryException">The same, and there is no kernel.</exception>
    /// <exception cref="MemoryImageException">It cannot be written, or which of a raw file's layouts is right cannot be told.</exception>
    public ConvertReport Write(string path, Stream? stream, ImageFormat format, PageCompression compression, ExcludedPages exclude, Action<double>? progress)
    {
        long start = Stopwatch.GetTimestamp();
        MemoryImage image = _source.Image;
        if (_source.Machine is null && !image.HasOneLayout)
        {
            throw new MemoryImageException($"{_source.Absence}; so where its memory belongs is not known: say so with --ram-split");
        }

        MemoryLayout layout = _source.Layout;
        List<string> context = [];
        WriteOptions options = _source.Complete(new(format, compression, (exclude & ExcludedPages.Zero) != ExcludedPages.None, Filter(layout, exclude))
        {
            Notes = format is ImageFormat.Elf or ImageFormat.Kdump ? Notes(context) : [],
            Progress = progress,
        });
        WriteResult result = stream is null ? ImageWriter.Write(image, layout, path, options) : ImageWriter.Write(image, layout, stream, options);
        return new(
            image.Path,
            image.Format,
            path,
            format.ToString().ToLowerInvariant(),
            format == ImageFormat.Kdump ? compression.ToString().ToLowerInvariant() : null,
            result.Pages,
            result.Written,
            result.Excluded,
            result.Missing,
            result.Unreadable,
            result.Bytes,
            Stopwatch.GetElapsedTime(start).TotalSeconds,
            context)
        {
            Unmarked = result.Excluded + result.Missing == 0 ? null : format switch
            {
                ImageFormat.Raw when result.Missing == 0 && exclude == ExcludedPages.Zero => null,
                ImageFormat.Raw => "they are zeros in it: a raw file has no mark for pages that are left out; elf and kdump have",
                ImageFormat.Lime or ImageFormat.Avml => "they are no memory in it: the format has no mark for pages that are left out; elf and kdump have",
                _ => null,
            },
        };
    }

    private ExcludedPageFilter? Filter(MemoryLayout layout, ExcludedPages exclude)
    {
        if ((exclude & ~ExcludedPages.Zero) == ExcludedPages.None)
        {
            return null;
        }

        Machine machine = _source.Machine ?? throw new LinuxDiscoveryException($"{_source.Absence}; so which pages are free, user or cache is not known");
        return ExcludedPageFilter.Of(machine.Parts.Pages.Required, layout.Memory, exclude);
    }

    private List<ElfNote> Notes(List<string> context)
    {
        List<ElfNote> notes = [.. _source.Image.Notes];
        if (notes.Count > 0)
        {
            context.Add($"{notes.Count} notes of the "
                + $"image{(_source.Image.Cpus.Count > 0 ? $", registers of {_source.Image.Cpus.Count} CPUs among them" : "")}");
        }

        if (_source.AddVmCoreInfo(notes))
        {
            context.Add("VMCOREINFO, found in memory");
        }

        return notes;
    }
}
