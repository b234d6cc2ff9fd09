using IommuSpy.Memory.Containers;
using IommuSpy.Memory.Formats.Avml;
using IommuSpy.Memory.Formats.Elf;
using IommuSpy.Memory.Formats.Flattened;
using IommuSpy.Memory.Formats.Foreign;
using IommuSpy.Memory.Formats.Kdump;
using IommuSpy.Memory.Formats.Lime;
using IommuSpy.Memory.Formats.Raw;
using IommuSpy.Memory.Formats.Savevm;
using IommuSpy.Memory.Formats.Xen;

namespace IommuSpy.Memory;

/// <summary>The formats there are. A new one is one folder under Formats and one line here.</summary>
public static class MemoryFormats
{
    /// <summary>
    /// In the order they are tried. A Xen core is an ELF core, so it is asked before; raw is last: it has no signature, so it recognises everything.
    /// </summary>
    public static IReadOnlyList<IMemoryFormat> All { get; } = [new XenCoreFormat(), new ElfCoreFormat(), new KdumpFormat(), new LimeFormat(), new AvmlFormat(),
        new SavevmFormat(), new RawFormat()];

    /// <summary>The first format that recognises the file.</summary>
    public static IMemoryFormat Recognise(ImageFile file) => All.First(format => format.Recognises(file));

    /// <summary>Opens the files of one image, out of the containers that they stand in. The files are the image's then, also where this fails.</summary>
    internal static MemoryImage Open(List<ImageFile> files, MemoryImageOptions options)
    {
        for (int i = 0; i < files.Count; i++)
        {
            files[i] = Unwrapped(files[i], options);
        }

        if (files.Find(file => ForeignKind.Refusal(file) is not null) is ImageFile foreign)
        {
            throw new MemoryImageException($"{foreign.Path}: {ForeignKind.Refusal(foreign)}");
        }

        IMemoryFormat format = Recognise(files[0]);
        if (files.FirstOrDefault(file => Recognise(file) != format) is ImageFile other)
        {
            throw new MemoryImageException($"{other.Path}: is of the format {Recognise(other).Name}, and {files[0].Path} of {format.Name}: they are no parts "
                + $"of one image");
        }

        return format.Open(files, options);
    }

    // A flattened dump may stand in a container; no container in another, which only makes bombs.
    private static ImageFile Unwrapped(ImageFile file, MemoryImageOptions options)
    {
        file = LibvirtSave.Inside(file) ?? file;

        if (Container.Of(file) is Container container)
        {
            ImageFile unpacked = Unpacked.Of(file, container, options);
            file.Dispose();
            file = unpacked;
        }

        return FlattenedFile.Recognises(file) ? FlattenedFile.Open(file, options.Limits) : file;
    }
}
