namespace IommuSpy.Testing;

/// <summary>A file of a test, under the system's temporary folder, gone when the test is.</summary>
public sealed class TemporaryFile : IDisposable
{
    private TemporaryFile()
    {
    }

    /// <summary>Where it is.</summary>
    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"iommu-spy-test-{Guid.NewGuid():N}");

    /// <summary>A file that holds <paramref name="bytes"/>.</summary>
    public static TemporaryFile With(ReadOnlySpan<byte> bytes)
    {
        TemporaryFile file = new();
        File.WriteAllBytes(file.Path, bytes);
        return file;
    }

    /// <summary>A sparse file: a hole of <paramref name="length"/> bytes with <paramref name="parts"/> written into it.</summary>
    public static TemporaryFile Sparse(long length, params IEnumerable<(long Offset, byte[] Bytes)> parts)
    {
        TemporaryFile file = new();
        using FileStream stream = File.Create(file.Path);
        stream.SetLength(length);
        foreach ((long offset, byte[] bytes) in parts)
        {
            stream.Position = offset;
            stream.Write(bytes);
        }

        return file;
    }

    /// <summary>A path that names nothing yet: the test makes there what it wants, be it a FIFO.</summary>
    public static TemporaryFile Nothing() => new();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Directory.Exists(Path))
        {
            Directory.Delete(Path, recursive: true);
        }
        else
        {
            File.Delete(Path);
        }
    }
}
