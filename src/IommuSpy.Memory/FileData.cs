namespace IommuSpy.Memory;

/// <summary>Which physical addresses a sparse file stores bytes for.</summary>
internal static class FileData
{
    /// <summary>The parts of a run of memory that stand in the file's data extents rather than in its holes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="start">Physical address of the run.</param>
    /// <param name="offset">File offset of the run.</param>
    /// <param name="length">Bytes of the run.</param>
    internal static IEnumerable<PhysicalRange> In(MappedFile file, PhysicalAddress start, ulong offset, ulong length)
    {
        foreach (FileExtent extent in file.DataExtents)
        {
            ulong first = Math.Max(extent.Offset, offset);
            ulong end = Math.Min(extent.End, offset + length);
            if (first < end)
            {
                yield return new(start + (first - offset), end - first);
            }
        }
    }
}
