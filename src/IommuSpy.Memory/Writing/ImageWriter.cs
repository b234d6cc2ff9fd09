namespace IommuSpy.Memory.Writing;

/// <summary>Writes the memory of an image as another. On all cores; what is written is for its owner alone.</summary>
public static class ImageWriter
{
    // More than any machine has; a damaged image may claim exabytes.
    private const ulong MostBytes = 1UL << 46;

    // Bitmaps of a kdump and the length of a raw file go up to the highest address.
    private const ulong MostAddress = 1UL << 47;

    /// <summary>Refuses to write over a file that is read, by whatever name, and over any other unless that is asked for.</summary>
    /// <param name="path">The file to be written.</param>
    /// <param name="sources">The files that are read.</param>
    /// <param name="force">Whether what is there may be replaced.</param>
    /// <exception cref="MemoryImageException">It is refused.</exception>
    public static void RefuseWhatIsThere(string path, IEnumerable<string> sources, bool force)
    {
        if (FileKind.StatusOf(path) is FileStatus target && FileKind.Of(path) is null
            && sources.Any(source => FileKind.StatusOf(source) is FileStatus read && read.IsSameAs(target)))
        {
            throw new MemoryImageException($"{path}: is the image that is read: name another file");
        }

        if (!force && FileKind.StatusOf(path, follow: false) is not null && FileKind.Of(path) is null)
        {
            throw new MemoryImageException($"{path}: is there already: name another file, or replace it with --force");
        }
    }

    /// <summary>
    /// Refuses a path that no new file can take. A file is written under another name and then renamed: in place of a device, that would fill /dev, which is
    /// memory, and take the device's name away.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <exception cref="MemoryImageException">It is empty, a directory, a FIFO, a socket or a device, or leads to one.</exception>
    public static void RefuseWhatIsNoFile(string path)
    {
        if (path.Length == 0)
        {
            throw new MemoryImageException("the new file has no name");
        }

        string whole = Path.GetFullPath(path);
        if (Directory.Exists(whole))
        {
            throw new MemoryImageException($"{path}: is a directory: name a file in it");
        }

        if (FileKind.Of(whole) is "a FIFO" or "a socket")
        {
            throw new MemoryImageException($"{path}: is {FileKind.Of(whole)}, which a file would replace: write to standard output (-) to send an image "
                + $"somewhere");
        }

        try
        {
            whole = File.ResolveLinkTarget(whole, returnFinalTarget: true)?.FullName ?? whole;
        }
        catch (IOException)
        {
            // No link, or one that leads nowhere.
        }

        if ((whole.StartsWith("/dev/", StringComparison.Ordinal) && !whole.StartsWith("/dev/shm/", StringComparison.Ordinal))
            || whole.StartsWith("/proc/", StringComparison.Ordinal))
        {
            throw new MemoryImageException($"{path}: is no place for a file: to write into a device, name - and redirect: - > {path}");
        }
    }

    /// <summary>Writes into a new file, readable by its owner alone. A file that is not finished is removed, also when the program is interrupted.</summary>
    /// <param name="image">The image.</param>
    /// <param name="layout">Which of its layouts is the machine's.</param>
    /// <param name="path">The file. One that is there is replaced when the new one is whole.</param>
    /// <param name="options">What is left out, how it is compressed, and what stands beside it.</param>
    /// <exception cref="MemoryImageException">It cannot be written.</exception>
    public static WriteResult Write(MemoryImage image, MemoryLayout layout, string path, WriteOptions options)
    {
        RefuseWhatIsNoFile(path);
        try
        {
            using PrivateFile file = PrivateFile.Beside(path);
            WriteResult result = Write(image, layout, new FileOutput(file.Handle), options);
            file.Keep(path);
            return result;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{path}: cannot be written: {FileProblem.Of(e, path)}", e);
        }
    }

    /// <summary>Writes into a pipe. A kdump goes in makedumpfile's flattened form.</summary>
    /// <param name="image">The image.</param>
    /// <param name="layout">Which of its layouts is the machine's.</param>
    /// <param name="stream">The pipe.</param>
    /// <param name="options">What is left out, how it is compressed, and what stands beside it.</param>
    public static WriteResult Write(MemoryImage image, MemoryLayout layout, Stream stream, WriteOptions options) =>
        Write(image, layout, options.Format == ImageFormat.Kdump ? new FlattenedOutput(stream) : new StreamOutput(stream), options);

    /// <summary>
    /// Writes into a file that an interruption leaves as it is, to go on with: "PATH.partial", and "PATH.journal" that says how far it is. It has its own name
    /// when it is whole.
    /// </summary>
    /// <param name="image">The image.</param>
    /// <param name="layout">Which of its layouts is the machine's.</param>
    /// <param name="path">The file. One that is there is replaced when the new one is whole.</param>
    /// <param name="options">How; not a kdump, nothing left out, and AVML, whose pieces are as long as they compress, only from the beginning.</param>
    /// <param name="boot">What tells one boot of the machine from another.</param>
    /// <param name="resume">Whether to go on with what is there.</param>
    /// <returns>What was written; the SHA-256 of the file in hexadecimal; and how many bytes of memory were there before.</returns>
    /// <exception cref="MemoryImageException">It cannot be written, or there is nothing to go on with.</exception>
    public static (WriteResult Result, string Sha256, ulong Kept) WriteResumably(MemoryImage image, MemoryLayout layout, string path, WriteOptions options,
        string boot, bool resume)
    {
        RefuseWhatIsNoFile(path);
        if (resume && options.Format is ImageFormat.Avml or ImageFormat.Kdump)
        {
            throw new MemoryImageException($"{path}: --resume goes on with elf, lime and raw: where a piece "
                + $"of {options.Format.ToString().ToLowerInvariant()} stands depends on how those before it compress");
        }

        try
        {
            // The notes were written first, and go on to be those.
            if (resume && options.Format == ImageFormat.Elf)
            {
                using MemoryImage begun = MemoryImage.Open(ResumableFile.PartialOf(path), new(AllowTruncated: true));
                options = options with { Notes = [.. begun.Notes] };
            }

            string identity = $"{options.Format} {boot} {string.Join(',', layout.Memory.Ranges)} {options.DirectMap} {options.KernelImage}";
            using ResumableFile file = resume ? ResumableFile.Resume(path, identity) : ResumableFile.Begin(path, identity);
            WriteResult result = Write(image, layout, file, options with { SkippedBytes = file.KeptMemory, Taken = file.Taken });
            return (result, file.Keep(), file.KeptMemory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{path}: cannot be written: {FileProblem.Of(e, path)}", e);
        }
    }

    private static WriteResult Write(MemoryImage image, MemoryLayout layout, IImageOutput output, WriteOptions options)
    {
        PhysicalMemory memory = layout.Memory;
        if (memory.ByteCount > MostBytes || memory.Ranges.Count == 0
            || (options.Format is ImageFormat.Kdump or ImageFormat.Raw && memory.Ranges[^1].Last.Value >= MostAddress))
        {
            throw new MemoryImageException($"{image.Path}: claims {Size.Text(memory.ByteCount)} of memory up to {memory.Ranges[^1].Last}: more than any "
                + $"machine has, and nothing to convert");
        }

        WriteJob job = new(image, memory, PageSelection.Of(memory, options), options, output);
        Action<WriteJob> write = options.Format switch
        {
            ImageFormat.Elf => ElfWriter.Write,
            ImageFormat.Lime => LimeWriter.Write,
            ImageFormat.Avml => AvmlWriter.Write,
            ImageFormat.Raw => RawWriter.Write,
            ImageFormat.Kdump => KdumpWriter.Write,
            _ => throw new ArgumentOutOfRangeException(nameof(options), options.Format, "no such format"),
        };
        write(job);
        return job.Result;
    }
}
