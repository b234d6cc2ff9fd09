namespace IommuSpy.Memory;

/// <summary>Which physical addresses a sparse file stores bytes for.</summary>
internal static class FileData
{
    /// <summary>The parts of a run of memory that stand in the file's data extents rather than in its holes.</summary>
    /// <param name="file">The file.</param>
    /// <param name="start">Physical address of the run.</param>
    /// <param name="offset">File offset of the run.</param>
    /// <param name="length">Bytes of the run.</param>
    internal static IEnumerable<PhysicalRange> In(ImageFile file, PhysicalAddress start, ulong offset, ulong length)
    {
        IReadOnlyList<FileExtent> extents = file.DataExtents;
        for (int i = FirstEndingAfter(extents, offset); i < extents.Count && extents[i].Offset < offset + length; i++)
        {
            ulong first = Math.Max(extents[i].Offset, offset);
            ulong end = Math.Min(extents[i].End, offset + length);
            yield return new(start + (first - offset), end - first);
        }
    }

    // By halves: a file may have as many runs of memory as extents, and looking at all of them for each would take minutes.
    private static int FirstEndingAfter(IReadOnlyList<FileExtent> extents, ulong offset)
    {
        int low = 0;
        int high = extents.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (extents[middle].End > offset)
            {
                high = middle;
            }
            else
            {
                low = middle + 1;
            }
        }

        return low;
    }
}
