namespace IommuSpy.Memory.Formats.Lime;

/// <summary>LiME (version 1): before each run of memory a header with its first and last address. Its "padded" form has no headers and is raw.</summary>
public sealed class LimeFormat : IMemoryFormat
{
    /// <inheritdoc/>
    public string Name => "LiME";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => file.StartsWith(RangeHeader.LimeSignature);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        List<MemorySegment> segments = [];
        List<PhysicalRange> data = [];
        List<string> damage = [];
        ulong lost = 0;
        for (ulong at = 0; at < file.Length;)
        {
            if (!file.Holds(at, RangeHeader.Bytes))
            {
                damage.Add($"the file ends at 0x{file.Length:x}, inside the header at 0x{at:x}: what follows it is missing");
                break;
            }

            RangeHeader header = RangeHeader.Read(file.Span(at, RangeHeader.Bytes));
            if (header.Magic != RangeHeader.LimeMagic || header.Version != 1 || !header.IsSane)
            {
                throw new MemoryImageException($"{file.Path}: LiME whose header at 0x{at:x} is none (magic 0x{header.Magic:x}, version {header.Version}, "
                    + $"0x{header.Start:x}-0x{header.Last:x})");
            }

            if (segments.Count == options.Limits.MemoryRanges)
            {
                throw new MemoryImageException($"{file.Path}: LiME of more than {options.Limits.MemoryRanges} runs of memory");
            }

            at += RangeHeader.Bytes;
            ulong stored = Math.Min(header.Length, file.Length - at);
            if (stored < header.Length)
            {
                lost += header.Length - stored;
                damage.Add($"the range 0x{header.Start:x}-0x{header.Last:x} ends at 0x{at + header.Length:x} and the file at "
                    + $"0x{file.Length:x}: {Size.Text(header.Length - stored)} of RAM is missing");
            }

            if (stored > 0)
            {
                segments.Add(file.SegmentAt(new(header.Start), at, stored));
                data.AddRange(FileData.In(file, new(header.Start), at, stored));
            }

            at += stored;
        }

        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{file.Path}: LiME, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        if (segments.Count == 0)
        {
            throw new MemoryImageException($"{file.Path}: LiME with no memory in it");
        }

        return new(file, Name, [new(PhysicalMemory.Of(file, Name, segments, data, lost), "headers of its ranges")]) { Damage = damage };
    }
}
