using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>
/// kdump-compressed: makedumpfile's and QEMU's, header versions 0-6, pages in zlib, LZO, Snappy, Zstandard or as they are; one file or a split set;
/// whole, with kinds of pages left out, or incomplete.
/// </summary>
public sealed class KdumpFormat : IMemoryFormat
{
    private const uint VmCoreInfoType = 0;

    /// <inheritdoc/>
    public string Name => "kdump-compressed";

    /// <inheritdoc/>
    public bool MayBeSplit => true;

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(KdumpHeader.Signature);

    /// <inheritdoc/>
    public MemoryImage Open(IReadOnlyList<ImageFile> files, MemoryImageOptions options)
    {
        KdumpPart[] parts = [.. files.Select(KdumpPart.Open).OrderBy(part => part.Header.StartPage)];
        List<string> damage = [.. Gaps(parts), .. parts.SelectMany(Losses)];
        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{files[0].Path}: {Name}, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        KdumpHeader header = parts[0].Header;
        bool excludedAreZero = header.DumpLevel == DumpLevelNote.ZeroPagesOnly;
        KdumpStore store = new(parts, excludedAreZero);
        int shift = header.PageShift;
        BlockCache cache = new(header.BlockSize, options.Limits.CacheBytes);
        List<MemorySegment> segments = [];
        foreach ((ulong first, ulong count) in parts[0].Memory.Runs())
        {
            if (segments.Count == options.Limits.MemoryRanges || first + count > ulong.MaxValue >> shift)
            {
                throw new MemoryImageException($"{files[0].Path}: {Name} of more than {options.Limits.MemoryRanges} runs of memory, or past 2^64");
            }

            segments.Add(MemorySegment.Behind(new BlockSegment(store, cache, first, count), new(new(first << shift), count << shift)));
        }

        if (segments.Count == 0)
        {
            throw new MemoryImageException($"{files[0].Path}: {Name} with no memory in it (its bitmap is empty)");
        }

        ulong dumped = (ulong)parts.Sum(part => (long)part.Descriptors);
        ulong lost = (ulong)parts.Sum(part => (long)part.Lost);
        PhysicalMemory memory = new(segments)
        {
            FindDataRanges = () => DataRanges(parts),
            ExcludedBytes = excludedAreZero || parts[0].Memory.Count < dumped ? 0 : (parts[0].Memory.Count - parts[0].Dumped.Count) << shift,
            LostBytes = (lost + NotGiven(parts)) << shift,
        };
        List<ElfNote> notes = Notes(parts[0], options.Limits);
        return new(files[0].Path, [.. files], Name, [new(memory, "page frame numbers of its bitmap")])
        {
            Notes = notes,
            Cpus = [.. notes.Select(QemuCpuNote.Read).OfType<CpuState>()],
            Machine = header.Machine is string machine ? new(null, machine) : null,
            Damage = damage,
            DumpLevel = header.DumpLevel,
        };
    }

    private static List<ElfNote> Notes(KdumpPart part, ImageLimits limits)
    {
        List<ElfNote> notes = ElfNotes.Read(part.Extent(part.Header.Notes, limits.NoteBytes));
        ReadOnlySpan<byte> vmCoreInfo = part.Extent(part.Header.VmCoreInfo, limits.NoteBytes);
        if (!vmCoreInfo.IsEmpty && !notes.Exists(note => string.Equals(note.Name, VmCoreInfoNoteName, StringComparison.Ordinal)))
        {
            notes.Add(new(VmCoreInfoNoteName, VmCoreInfoType, vmCoreInfo.ToArray()));
        }

        return notes;
    }

    private const string VmCoreInfoNoteName = "VMCOREINFO";

    private static List<PhysicalRange> DataRanges(KdumpPart[] parts)
    {
        List<PhysicalRange> ranges = [];
        foreach (KdumpPart part in parts)
        {
            foreach ((ulong first, ulong count) in part.DataRuns ?? part.Dumped.Runs(part.Header.StartPage, part.Header.EndPage))
            {
                PhysicalRange range = new(new(first << part.Header.PageShift), count << part.Header.PageShift);
                if (ranges.Count > 0 && ranges[^1].Start.Value + ranges[^1].Length == range.Start.Value)
                {
                    ranges[^1] = ranges[^1] with { Length = ranges[^1].Length + range.Length };
                }
                else
                {
                    ranges.Add(range);
                }
            }
        }

        return ranges;
    }

    private static IEnumerable<string> Losses(KdumpPart part)
    {
        if (part.Lost > 0)
        {
            string where = part.FirstLost is ulong page ? $", the first page frame 0x{page:x}" : "";
            yield return part.Header.IsIncomplete
                ? $"the dump was never finished: {Size.Text(part.Lost << part.Header.PageShift)} of RAM is missing{where}"
                : $"the file {part.Path} is cut off: {Size.Text(part.Lost << part.Header.PageShift)} of RAM is missing{where}";
        }
    }

    // What the parts leave between them: split sets are given in several -s.
    private static IEnumerable<string> Gaps(KdumpPart[] parts)
    {
        ulong at = 0;
        foreach (KdumpPart part in parts)
        {
            if (part.Header.Pages != parts[0].Header.Pages || part.Memory.Count != parts[0].Memory.Count
                || part.Header.BlockSize != parts[0].Header.BlockSize)
            {
                throw new MemoryImageException($"{part.Path}: is of another dump than {parts[0].Path}: {part.Header.Pages} page frames "
                    + $"there, {parts[0].Header.Pages} here");
            }

            if (part.Header.StartPage < at)
            {
                throw new MemoryImageException($"{part.Path}: holds page frames from 0x{part.Header.StartPage:x} on, which another file has too (up to "
                    + $"0x{at:x}): name each part of a split dump once");
            }

            if (part.Header.StartPage > at && part.Dumped.Rank(part.Header.StartPage) > part.Dumped.Rank(at))
            {
                yield return $"page frames 0x{at:x}-0x{part.Header.StartPage - 1:x} are in a part of the split dump that was not given (name every part with "
                    + $"-s)";
            }

            at = Math.Max(at, part.Header.EndPage);
        }

        if (parts[0].Dumped.Count > parts[0].Dumped.Rank(at))
        {
            yield return $"page frames 0x{at:x}-0x{parts[0].Header.Pages - 1:x} are in a part of the split dump that was not given (name every part with -s)";
        }
    }

    private static ulong NotGiven(KdumpPart[] parts) =>
        parts[0].Dumped.Count - Math.Min(parts[0].Dumped.Count, (ulong)parts.Sum(part => (long)part.Descriptors));
}
