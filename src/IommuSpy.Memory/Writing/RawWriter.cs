namespace IommuSpy.Memory.Writing;

/// <summary>Raw: file offset is physical address, and what is no memory is zeros (a hole where the file system has them).</summary>
internal static class RawWriter
{
    private const int ChunkBytes = 1 << 20;

    internal static void Write(WriteJob job)
    {
        job.Run(
            ChunkBytes,
            chunk => (chunk.Range.Start, Bytes: chunk.Bytes.ToArray()),
            read => job.Output.Write(read.Start.Value, read.Bytes));
        List<PhysicalRange> runs = job.Selection.Runs;
        job.Output.Finish(runs.Count == 0 ? 0 : runs[^1].Last.Value + 1);
    }
}
