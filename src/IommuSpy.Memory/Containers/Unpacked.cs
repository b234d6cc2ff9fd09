using IommuSpy.Memory.Writing;
using ZstdSharp;

namespace IommuSpy.Memory.Containers;

/// <summary>
/// The image in a container, in a file of its own: what is compressed as one stream cannot be read at random. The copy is for its owner alone and is kept
/// among <see cref="UnpackedCopies"/> for the next command; a copy of standard input is gone when the program ends.
/// </summary>
internal static class Unpacked
{
    internal const string StandardInput = "-";
    private const string StandardInputName = "standard input";
    private const string StandardInputCopy = "iommu-spy-stdin";
    private const int BufferBytes = 1 << 20;

    /// <summary>The image in a container: the copy that an earlier command made, or a new one.</summary>
    /// <param name="file">The container.</param>
    /// <param name="container">What it is.</param>
    /// <param name="options">What the user says.</param>
    /// <exception cref="MemoryImageException">The container is corrupt, cut off, or unpacks to more than the limits let through.</exception>
    internal static MappedFile Of(ImageFile file, Container container, MemoryImageOptions options)
    {
        try
        {
            UnpackedCopies? copies = string.Equals(file.Path, StandardInputName, StringComparison.Ordinal) ? null : UnpackedCopies.OfUser();
            string? copy = copies?.PathFor(file.Path);
            if (copy is not null && UnpackedCopies.TryUse(copy))
            {
                return MappedFile.Open(copy, file.Path);
            }

            options.Tell?.Invoke($"{file.Path}: {container.Name}: unpacking{(copy is null ? "" : $" into {copy}, where it stays for the next command")}");
            ulong most = Math.Min((ulong)options.Limits.UnpackedBytes, Math.Max(1UL << 30, file.Length * (ulong)options.Limits.UnpackedRatio));
            using ImageFileStream packed = new(file);
            using PrivateFile made = copy is null ? PrivateFile.In(Path.GetTempPath(), StandardInputCopy) : PrivateFile.Beside(copy);
            string? damage = Copy(() => container.Unpack(packed), made, most, file.Path, container.Name) ?? container.Shortage(file, made.Handle);
            if (damage is not null && !options.AllowTruncated)
            {
                throw new MemoryImageException($"{file.Path}: {container.Name}, but {damage}. Analyse what is there with --allow-truncated.");
            }

            if (damage is not null)
            {
                options.Tell?.Invoke($"{file.Path}: {container.Name}: {damage}");
            }
            else if (copy is not null)
            {
                made.Keep(copy);
                copies!.RemoveUnused(copy);
                return MappedFile.Open(copy, file.Path);
            }

            // The mapping keeps the file that loses its name here.
            return MappedFile.Open(made.Path, file.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{file.Path}: cannot be unpacked: {FileProblem.Of(e)}", e);
        }
    }

    /// <summary>An image that comes through a pipe.</summary>
    /// <exception cref="MemoryImageException">There is none, or no room for it.</exception>
    internal static MappedFile OfStandardInput(MemoryImageOptions options)
    {
        try
        {
            using PrivateFile copy = PrivateFile.In(Path.GetTempPath(), StandardInputCopy);
            Copy(Console.OpenStandardInput, copy, (ulong)options.Limits.UnpackedBytes, StandardInputName, StandardInputName);

            // The mapping keeps the file that loses its name here.
            return MappedFile.Open(copy.Path, StandardInputName);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"{StandardInputName}: cannot be copied: {FileProblem.Of(e)}", e);
        }
    }

    // What is wrong with the stream, or null for a whole one.
    private static string? Copy(Func<Stream> open, PrivateFile copy, ulong most, string path, string container)
    {
        FileOutput output = new(copy.Handle);
        byte[] buffer = new byte[BufferBytes];
        ulong at = 0;
        string? damage = null;
        Stream? stream = null;
        try
        {
            while (true)
            {
                int got;
                try
                {
                    // Some read the container's beginning when they are made.
                    stream ??= open();

                    // Whole buffers, so that pages of zeros become holes.
                    got = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                }
                catch (Exception e) when (
                    e is InvalidDataException or EndOfStreamException or ZstdException or SharpCompress.Common.SharpCompressException
                    or ArgumentException or IndexOutOfRangeException or NotSupportedException or OverflowException)
                {
                    damage = $"it is corrupt or cut off after {Size.Text(at)}";
                    break;
                }

                if (got == 0)
                {
                    break;
                }

                if (at + (ulong)got > most)
                {
                    throw new MemoryImageException($"{path}: {container} that unpacks to more than {Size.Text(most)}: no memory image compresses so well");
                }

                output.Write(at, buffer.AsSpan(0, got));
                at += (ulong)got;
            }
        }
        finally
        {
            stream?.Dispose();
        }

        output.Finish(at);
        return damage;
    }
}
