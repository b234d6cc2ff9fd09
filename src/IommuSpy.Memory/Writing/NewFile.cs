namespace IommuSpy.Memory.Writing;

/// <summary>A file of ours that is no image: it has its name when it is whole, and never before.</summary>
public static class NewFile
{
    /// <summary>Writes a file, readable by its owner alone. One that is not finished is removed, also when the program is interrupted.</summary>
    /// <param name="path">The file. One that is there is replaced when the new one is whole.</param>
    /// <param name="sources">The files that are read, which it must not replace.</param>
    /// <param name="force">Whether what is there may be replaced.</param>
    /// <param name="write">Writes what is in it.</param>
    /// <returns>How many bytes it has.</returns>
    /// <exception cref="MemoryImageException">It is there already, or cannot be written.</exception>
    public static ulong Write(string path, IEnumerable<string> sources, bool force, Action<Stream> write)
    {
        ArgumentNullException.ThrowIfNull(write);
        Refuse(path, sources, force);
        try
        {
            using PrivateFile file = PrivateFile.Beside(path);
            using BufferedStream stream = new(file.Stream);
            write(stream);
            stream.Flush();
            ulong bytes = (ulong)stream.Length;
            file.Keep(path);
            return bytes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{path}: cannot be written: {FileProblem.Of(e, path)}", e);
        }
    }

    /// <summary>Refuses early what <see cref="Write"/> would refuse.</summary>
    /// <inheritdoc cref="Write"/>
    public static void Refuse(string path, IEnumerable<string> sources, bool force)
    {
        ImageWriter.RefuseWhatIsNoFile(path);
        ImageWriter.RefuseWhatIsThere(path, sources, force);
    }
}
