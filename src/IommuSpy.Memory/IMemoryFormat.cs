namespace IommuSpy.Memory;

/// <summary>A file format of memory images. Stateless.</summary>
public interface IMemoryFormat
{
    /// <summary>The format in words, as users call it.</summary>
    string Name { get; }

    /// <summary>Whether the file is of this format, by its signature alone.</summary>
    bool Recognises(MappedFile file);

    /// <summary>Opens a recognised file. On success the image owns <paramref name="file"/>.</summary>
    /// <exception cref="MemoryImageException">What the file says of itself is wrong.</exception>
    MemoryImage Open(MappedFile file, MemoryImageOptions options);
}
