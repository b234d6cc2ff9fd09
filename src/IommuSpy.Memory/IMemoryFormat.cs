namespace IommuSpy.Memory;

/// <summary>A file format of memory images. Stateless.</summary>
public interface IMemoryFormat
{
    /// <summary>The format in words, as users call it.</summary>
    string Name { get; }

    /// <summary>Whether an image may stand in several files: the parts of a split dump.</summary>
    bool MayBeSplit => false;

    /// <summary>Whether the file is of this format, by its signature alone.</summary>
    bool Recognises(ImageFile file);

    /// <summary>Opens a recognised file. On success the image owns <paramref name="file"/>.</summary>
    /// <exception cref="MemoryImageException">What the file says of itself is wrong.</exception>
    MemoryImage Open(ImageFile file, MemoryImageOptions options) => Open([file], options);

    /// <summary>Opens the recognised files of one image. On success the image owns them.</summary>
    /// <exception cref="MemoryImageException">What a file says of itself is wrong, or they do not belong together.</exception>
    MemoryImage Open(IReadOnlyList<ImageFile> files, MemoryImageOptions options) => files.Count == 1
        ? Open(files[0], options)
        : throw new MemoryImageException($"{files[1].Path}: one image of the format {Name} is one file; name one");
}
