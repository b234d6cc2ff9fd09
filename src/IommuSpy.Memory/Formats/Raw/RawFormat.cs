namespace IommuSpy.Memory.Formats.Raw;

/// <summary>Bytes of physical memory and nothing else: a /dev/mem copy, QEMU's pmemsave, or QEMU's RAM file, which leaves out the hole below 4 GiB.</summary>
public sealed class RawFormat : IMemoryFormat
{
    private const ulong FourGiB = 1UL << 32;

    /// <inheritdoc/>
    public string Name => "raw";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => true;

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        ulong length = file.Length & ~(ulong)(PageFrame.Size - 1);
        if (length == 0)
        {
            throw new MemoryImageException($"{file.Path}: has {file.Length} bytes, less than one page of memory");
        }

        if (VmwareState.Recognises(file))
        {
            throw new MemoryImageException($"{file.Path}: is a VMware state (.vmss, .vmsn): name the memory file (.vmem) beside it");
        }

        if (options.RamSplit is ulong said && (said % PageFrame.Size != 0 || said > FourGiB))
        {
            throw new MemoryImageException($"RAM split 0x{said:x}: has to be a multiple of 0x1000 and at most 4 GiB");
        }

        List<MemoryLayout> layouts = [.. LowMemory.Candidates(length, options.RamSplit).Select(split => split == 0 ? Whole(file, length) : Split(file, length, split))];
        if (options.RamSplit is null && (VmwareState.RegionsOf(file.Path, length) ?? CloudHypervisorState.RegionsOf(file.Path, length)) is IReadOnlyList<RamRegion> regions)
        {
            layouts = [new(Build(file, [.. regions.Select(region => (new PhysicalAddress(region.Address), region.Offset, region.Length))]), "regions of the state saved beside it")];
        }

        string[] damage = length == file.Length ? [] : [$"the file ends at 0x{file.Length:x}, inside a page: its last {file.Length - length} bytes are left out"];
        return new(file, Name, layouts) { DeclaresItsSize = false, Damage = damage };
    }

    private static MemoryLayout Whole(ImageFile file, ulong length) =>
        new(Build(file, [(new(0), 0, length)]), "file offset is physical address");

    private static MemoryLayout Split(ImageFile file, ulong length, ulong split) => new(
        Build(file, [(new(0), 0, split), (new(FourGiB), split, length - split)]),
        $"RAM split at 0x{split:x}, the rest from 4 GiB");

    private static PhysicalMemory Build(ImageFile file, (PhysicalAddress Start, ulong Offset, ulong Length)[] runs) =>
        new(runs.Select(run => file.SegmentAt(run.Start, run.Offset, run.Length)))
        {
            DataRanges = [.. runs.SelectMany(run => FileData.In(file, run.Start, run.Offset, run.Length))],
        };
}
