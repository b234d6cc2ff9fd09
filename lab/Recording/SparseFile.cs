namespace IommuSpy.Lab.Recording;

/// <summary>Writes streams that are mostly zeros without storing the zeros.</summary>
internal static class SparseFile
{
    private const int ChunkSize = 1 << 20;
    private const int Page = 4096;

    /// <summary>Copies to the stream's end; runs of zeros at least a page long become holes.</summary>
    public static void Copy(Stream source, string path)
    {
        using FileStream output = File.Create(path, bufferSize: 0);
        var chunk = new byte[ChunkSize];
        long position = 0;
        int length;
        while ((length = source.ReadAtLeast(chunk, ChunkSize, throwOnEndOfStream: false)) > 0)
        {
            WriteChunk(output, position, chunk.AsSpan(0, length));
            position += length;
        }

        output.SetLength(position);
    }

    private static void WriteChunk(FileStream output, long position, ReadOnlySpan<byte> chunk)
    {
        for (int start = 0; start < chunk.Length;)
        {
            // Neighbouring pages with content go out in one write.
            int end = start;
            while (end < chunk.Length && chunk[end..Math.Min(end + Page, chunk.Length)].ContainsAnyExcept((byte)0))
            {
                end = Math.Min(end + Page, chunk.Length);
            }

            if (end > start)
            {
                RandomAccess.Write(output.SafeFileHandle, chunk[start..end], position + start);
            }

            start = end + Page;
        }
    }
}
