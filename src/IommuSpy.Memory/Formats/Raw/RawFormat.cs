namespace IommuSpy.Memory.Formats.Raw;

/// <summary>Bytes of physical memory and nothing else: a /dev/mem copy, QEMU's pmemsave, or QEMU's RAM file, which leaves out the hole below 4 GiB.</summary>
public sealed class RawFormat : IMemoryFormat
{
    private const ulong FourGiB = 1UL << 32;
    private const ulong MiB = 1UL << 20;

    // Where machine models end low memory when there is more of it, by how common they are: QEMU q35 (hw/i386/pc_q35.c: 2 GiB, or 2.75 GiB with
    // less than that), QEMU i440fx (hw/i386/pc_piix.c: 3 GiB, or 3.5 GiB), Cloud Hypervisor and Firecracker (3 GiB and 3.25 GiB).
    private static readonly ulong[] KnownSplits = [2048 * MiB, 3072 * MiB, 2816 * MiB, 3584 * MiB, 3328 * MiB];

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

        List<MemoryLayout> layouts = options.RamSplit switch
        {
            0 => [Whole(file, length)],
            ulong split when split % PageFrame.Size != 0 || split > FourGiB =>
                throw new MemoryImageException($"RAM split 0x{split:x}: has to be a multiple of 0x1000 and at most 4 GiB"),
            ulong split when split >= length => [Whole(file, length)],
            ulong split => [Split(file, length, split)],
            null => [Whole(file, length), .. KnownSplits.Where(split => split < length).Select(split => Split(file, length, split))],
        };

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
