using IommuSpy.Memory.Placement;

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
    public MemoryImage Open(ImageFile file, MemoryImageOptions options) => Open([file], options);

    /// <summary>Opens a copy of memory, or the files that a machine's nodes and modules are kept in (memory-backend-file), in their order.</summary>
    /// <inheritdoc cref="IMemoryFormat.Open(IReadOnlyList{ImageFile}, MemoryImageOptions)" path="/exception"/>
    public MemoryImage Open(IReadOnlyList<ImageFile> files, MemoryImageOptions options)
    {
        List<MemoryBlock> blocks = [];
        List<string> damage = [];
        foreach (ImageFile file in files)
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

            blocks.Add(new FileBlock(file, length));
            if (length < file.Length)
            {
                damage.Add($"the file ends at 0x{file.Length:x}, inside a page: its last {file.Length - length} bytes are left out");
            }
        }

        if (options.RamSplit is ulong said && (said % PageFrame.Size != 0 || said > FourGiB))
        {
            throw new MemoryImageException($"RAM split 0x{said:x}: has to be a multiple of 0x1000 and at most 4 GiB");
        }

        IReadOnlyList<RamRegion>? saved = files.Count == 1 && options.RamSplit is null
            ? VmwareState.RegionsOf(files[0].Path, blocks[0].Length) ?? CloudHypervisorState.RegionsOf(files[0].Path, blocks[0].Length)
            : null;
        IReadOnlyList<MemoryLayout> layouts = saved is not null
            ? [MemoryLayout.Of(
                [.. saved.Select(region => new PlacedRun(blocks[0], region.Offset, region.Length, new(region.Address)))],
                description: "regions of the state saved beside it")]
            : blocks is [MemoryBlock only] ? OfOne(only, options.RamSplit) : OfSeveral(files, blocks, options.RamSplit);
        IReadOnlyList<MemoryLayout> others = blocks is [MemoryBlock alone] && saved is null && options.RamSplit is null ? FromElsewhere(alone) : [];
        return new(files[0].Path, files, Name, layouts) { OtherLayouts = others, DeclaresItsSize = false, DeclaresPlaces = saved is not null, Damage = damage };
    }

    private static List<MemoryLayout> OfOne(MemoryBlock block, ulong? said)
    {
        BlockPlacement placement = new([block]);
        List<IReadOnlyList<PlacedRun>> ways = [];
        if (said is null && (placement.ByFirmwareMap() ?? placement.ByDeviceTree()) is { } found)
        {
            ways.Add(found);
        }

        ways.AddRange(LowMemory.Candidates(block.Length, said).Select(placement.SplitAt).Where(runs => ways.Count == 0 || !ways[0].SequenceEqual(runs)));

        // A copy with the hole in it may be as long: it is asked for before.
        if (said is null && placement.WithRestUnplaced() is { } partly)
        {
            ways.Add(partly);
        }

        return [.. ways.Select(runs => MemoryLayout.Of(runs, description: Described(runs)))];
    }

    private static List<MemoryLayout> FromElsewhere(MemoryBlock block)
    {
        BlockPlacement placement = new([block]);
        return [.. LowMemory.Starts.Select(placement.From).Select(runs => MemoryLayout.Of(runs, description: Described(runs)))];
    }

    private static string? Described(IReadOnlyList<PlacedRun> runs) => runs switch
    {
        [{ Start.Value: 0 }] => "file offset is physical address",
        [{ Start: { } start }] => $"RAM from 0x{start.Value:x}",
        [{ Start.Value: 0 } low, { Start.Value: FourGiB }] => $"RAM split at 0x{low.Length:x}, the rest from 4 GiB",
        _ => null,
    };

    private static List<MemoryLayout> OfSeveral(IReadOnlyList<ImageFile> files, List<MemoryBlock> blocks, ulong? said)
    {
        BlockPlacement placement = new(blocks);
        List<MemoryLayout> layouts = [.. (said is ulong split ? [placement.SplitAt(split)] : placement.OfSeveral()).Select(runs => MemoryLayout.Of(runs))];
        return layouts.Count > 0 ? layouts : throw new MemoryImageException(placement.MapInWords is string map
            ? $"{files[0].Path} and {files.Count - 1} more: raw, but they are not all the memory that firmware's map in them tells of: {map}. "
                + "Name the files of all nodes, in their order, then those of modules that were plugged in"
            : $"{files[0].Path} and {files.Count - 1} more: raw, and no firmware's map of memory in them says where each belongs: "
                + "give the bytes below 4 GiB with --ram-split");
    }
}
