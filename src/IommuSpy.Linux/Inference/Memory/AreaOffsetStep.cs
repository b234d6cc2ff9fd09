using IommuSpy.Linux.Inference.Files;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Inference.Memory;

/// <summary>vm_area_struct.vm_pgoff, by private areas without a file, which count from address 0.</summary>
internal sealed class AreaOffsetStep : InferenceStep<ProcessAreas, MappedFiles, AreaOperations, AreaOffsets>
{
    // mremap moves an area and leaves its offset; one in so many may have been moved.
    private const int Moved = 4;

    /// <inheritdoc/>
    public override string Subject => "where areas begin in their files";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["vm_area_struct.vm_pgoff"];

    /// <inheritdoc/>
    public override Part<AreaOffsets> Infer(InferenceContext context, ProcessAreas areas, MappedFiles files, AreaOperations operations)
    {
        List<ulong> all = areas.All;
        List<ulong> anonymous = [.. all.Where(area => context.Read(area, files.OfAreaAt) == 0 && context.Read(area, operations.TableAt) == 0)];
        List<int> small = FieldSearch.Words(context.Memory, all, areas.Bytes, (_, value, _) => value >> (64 - PageFrame.Shift) == 0);
        int[] offsets =
            [.. small.Where(offset =>
                anonymous.Count(area => context.Read(area, offset) == context.Read(area, areas.StartAt) >> PageFrame.Shift) * Moved
                    > anonymous.Count * (Moved - 1))];
        if (offsets.Length == 1)
        {
            context.Book.Add("vm_area_struct", "vm_pgoff", offsets[0], LayoutBook.UnsignedLong, all.Count,
                "in areas without a file, the page number of the start in all but those that were moved; an offset below 2^52 pages in the others");
            return new AreaOffsets(offsets[0]);
        }

        return Part.Absent($"{offsets.Length} offsets hold the page number of the start of areas without a file");
    }
}
