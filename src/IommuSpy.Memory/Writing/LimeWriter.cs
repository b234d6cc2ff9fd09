using IommuSpy.Memory.Formats.Lime;

namespace IommuSpy.Memory.Writing;

/// <summary>LiME, version 1: a header and the bytes of each run.</summary>
internal static class LimeWriter
{
    private const int ChunkBytes = 1 << 20;

    internal static void Write(WriteJob job)
    {
        ulong at = 0;
        int next = 0;
        List<PhysicalRange> runs = job.Selection.Runs;
        byte[] header = new byte[RangeHeader.Bytes];
        job.Run(
            ChunkBytes,
            chunk => (chunk.Range.Start, Bytes: chunk.Bytes.ToArray()),
            read =>
            {
                if (next < runs.Count && read.Start == runs[next].Start)
                {
                    new RangeHeader(RangeHeader.LimeMagic, 1, runs[next].Start.Value, runs[next].Last.Value).Write(header);
                    job.Output.Write(at, header);
                    at += RangeHeader.Bytes;
                    next++;
                }

                job.Output.Write(at, read.Bytes);
                at += (ulong)read.Bytes.Length;
            });
        job.Output.Finish(at);
    }
}
