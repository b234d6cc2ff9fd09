namespace IommuSpy.Memory.Writing;

/// <summary>Raw: file offset is physical address, and what is no memory, or not in the source, is zeros (a hole where the file system has them).</summary>
internal static class RawWriter
{
    private const int ChunkBytes = 1 << 20;

    internal static void Write(WriteJob job)
    {
        job.Run(
            ChunkBytes,
            chunk => (chunk.Range.Start, Bytes: chunk.Bytes.ToArray()),
            read => job.Output.Write(read.Start.Value, read.Bytes));

        // As long as memory, also where its last pages were left out.
        job.Output.Finish(job.Selection.Memory.Count == 0 ? 0 : job.Selection.Memory[^1].Last.Value + 1);
    }
}
