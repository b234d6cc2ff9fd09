using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Formats.Kdump;

/// <summary>One file of a kdump: a whole one, or a part of a split one.</summary>
internal sealed class KdumpPart
{
    // A page that does not compress is stored as it is, and none takes much more than that.
    private readonly uint _mostPageBytes;

    // Of each descriptor of larger dumps (64 GiB) only those at the end are looked at when it is opened.
    private const ulong MostSurveyed = 1UL << 24;
    private const int BatchDescriptors = 4096;

    private readonly ImageFile _file;
    private readonly ulong _rankOfStart;
    private ulong _zeroOffset = ulong.MaxValue;

    private KdumpPart(ImageFile file, KdumpHeader header, RankedBitmap memory, RankedBitmap dumped)
    {
        _file = file;
        _mostPageBytes = 2 * (uint)header.BlockSize;
        Header = header;
        Memory = memory;
        Dumped = dumped;
        _rankOfStart = dumped.Rank(header.StartPage);
        Descriptors = dumped.Rank(header.EndPage) - _rankOfStart;
    }

    /// <summary>The file's name.</summary>
    public string Path => _file.Path;

    /// <summary>What the headers say.</summary>
    public KdumpHeader Header { get; }

    /// <summary>The pages that are memory.</summary>
    public RankedBitmap Memory { get; }

    /// <summary>The pages that are in the dump, also those in its other parts.</summary>
    public RankedBitmap Dumped { get; }

    /// <summary>Pages that this file holds, by its bitmap.</summary>
    public ulong Descriptors { get; }

    /// <summary>How many of them the file does not have, for it is cut off or was never finished.</summary>
    public ulong Lost { get; private set; }

    /// <summary>The first page frame that the file has lost; null for none.</summary>
    public ulong? FirstLost { get; private set; }

    /// <summary>Runs of pages that have bytes other than zero, as far as the descriptors say; null where they were not all looked at.</summary>
    public IReadOnlyList<(ulong First, ulong Count)>? DataRuns { get; private set; }

    /// <summary>Opens a file and looks at its descriptors.</summary>
    /// <exception cref="MemoryImageException">It is cut off before its descriptors, or says what cannot be.</exception>
    internal static KdumpPart Open(ImageFile file)
    {
        KdumpHeader header = KdumpHeader.Read(file);
        if (header.BitmapBytes == 0 || !file.Holds(header.BitmapOffset, header.BitmapBytes) || header.BitmapBytes > int.MaxValue)
        {
            throw new MemoryImageException($"{file.Path}: kdump whose bitmaps, 0x{header.BitmapBytes:x} bytes at 0x{header.BitmapOffset:x}, do not fit the "
                + $"file (0x{file.Length:x} bytes)");
        }

        // Two bitmaps, of memory and of what is dumped. Version 0 may have one, which is both.
        int half = (int)header.BitmapBytes / 2;
        bool isSingle = (header.Pages + 7) / 8 > (ulong)half;
        if (isSingle && (header.Version > 0 || (header.Pages + 7) / 8 > header.BitmapBytes))
        {
            throw new MemoryImageException($"{file.Path}: kdump of {header.Pages} page frames, for which its bitmaps of 0x{header.BitmapBytes:x} bytes have no "
                + $"room");
        }

        ReadOnlySpan<byte> bytes = file.Span(header.BitmapOffset, (int)header.BitmapBytes);
        RankedBitmap memory = new(isSingle ? bytes : bytes[..half], header.Pages);
        KdumpPart part = new(file, header, memory, isSingle ? memory : new(bytes[half..], header.Pages));
        part.Survey();
        return part;
    }

    /// <summary>Whether the file has the page.</summary>
    internal bool Holds(ulong page) => Dumped[page] && (Lost == 0 || IsThere(Descriptor(page)));

    /// <summary>Decodes a page of this part.</summary>
    internal BlockContent Decode(ulong page, Span<byte> destination)
    {
        if (!Dumped[page])
        {
            return BlockContent.Missing;
        }

        PageDescriptor descriptor = Descriptor(page);
        if (descriptor.Offset == _zeroOffset)
        {
            destination.Clear();
            return BlockContent.Zero;
        }

        return IsThere(descriptor) && TryDecompress(descriptor, destination) ? BlockContent.Decoded : BlockContent.Missing;
    }

    /// <summary>The bytes of an extent, none where the file does not have them.</summary>
    internal ReadOnlySpan<byte> Extent(FileExtent extent, int most) =>
        extent.Length > 0 && extent.Length <= (ulong)most && _file.Holds(extent.Offset, extent.Length) ? _file.Span(extent.Offset, (int)extent.Length)
            : default;

    private bool TryDecompress(PageDescriptor descriptor, Span<byte> destination)
    {
        PageDecompressor decompressor = PageDecompressor.OfThread;
        if (!_file.TryGetSpan(descriptor.Offset, (int)descriptor.Bytes, out ReadOnlySpan<byte> data))
        {
            Span<byte> copy = decompressor.Scratch((int)descriptor.Bytes);
            if (_file.Read(descriptor.Offset, copy) != copy.Length)
            {
                return false;
            }

            data = copy;
        }

        return decompressor.TryDecompress(descriptor.Compression, data, destination);
    }

    private bool IsThere(PageDescriptor descriptor) =>
        descriptor.Offset != 0 && descriptor.Bytes > 0 && descriptor.Bytes <= _mostPageBytes && _file.Holds(descriptor.Offset, descriptor.Bytes);

    private PageDescriptor Descriptor(ulong page)
    {
        Span<byte> copy = stackalloc byte[PageDescriptor.Size];
        return _file.TryGet(Header.DescriptorOffset + ((Dumped.Rank(page) - _rankOfStart) * PageDescriptor.Size), copy, out ReadOnlySpan<byte> bytes)
            ? PageDescriptor.Read(bytes)
            : default;
    }

    // Which pages are lost, which are zero, and which are neither.
    private void Survey()
    {
        ulong stored = _file.Length > Header.DescriptorOffset ? Math.Min(Descriptors, (_file.Length - Header.DescriptorOffset) / PageDescriptor.Size) : 0;
        Lost = Descriptors - stored;
        bool isWhole = stored <= MostSurveyed;
        ulong lowest = ulong.MaxValue;
        foreach ((ulong page, PageDescriptor descriptor) in Surveyed(isWhole ? 0 : stored - BatchDescriptors, stored))
        {
            if (!IsThere(descriptor))
            {
                Lost++;
                FirstLost ??= page;
            }
            else if (descriptor.Offset < lowest)
            {
                lowest = descriptor.Offset;
            }
        }

        // Who writes a dump writes the zero page first, once, and lets all zero pages point at it. It is one only where it decodes to zeros.
        if (lowest != ulong.MaxValue && isWhole)
        {
            DataRuns = FindDataRuns(stored, lowest);
        }
    }

    private List<(ulong First, ulong Count)> FindDataRuns(ulong stored, ulong lowest)
    {
        List<(ulong First, ulong Count)> runs = [];
        bool isZeroKnown = false;
        byte[] page = new byte[Header.BlockSize];
        foreach ((ulong number, PageDescriptor descriptor) in Surveyed(0, stored))
        {
            if (descriptor.Offset == lowest && !isZeroKnown)
            {
                isZeroKnown = true;
                if (IsThere(descriptor) && TryDecompress(descriptor, page) && !page.AsSpan().ContainsAnyExcept((byte)0))
                {
                    _zeroOffset = lowest;
                }
            }

            if (descriptor.Offset == _zeroOffset || !IsThere(descriptor))
            {
                continue;
            }

            if (runs.Count > 0 && runs[^1].First + runs[^1].Count == number)
            {
                runs[^1] = (runs[^1].First, runs[^1].Count + 1);
            }
            else
            {
                runs.Add((number, 1));
            }
        }

        return runs;
    }

    // The descriptors from one on up to another, with their pages: read many at a time.
    private IEnumerable<(ulong Page, PageDescriptor Descriptor)> Surveyed(ulong from, ulong to)
    {
        byte[] batch = new byte[BatchDescriptors * PageDescriptor.Size];
        ulong batchStart = 0;
        ulong batchEnd = 0;
        ulong index = 0;
        foreach ((ulong first, ulong count) in Dumped.Runs(Header.StartPage, Header.EndPage))
        {
            for (ulong i = index >= from ? 0 : Math.Min(count, from - index); i < count; i++)
            {
                if (index + i >= to)
                {
                    yield break;
                }

                if (index + i >= batchEnd)
                {
                    batchStart = index + i;
                    batchEnd = batchStart + (ulong)(_file.Read(Header.DescriptorOffset + (batchStart * PageDescriptor.Size), batch) / PageDescriptor.Size);
                    if (batchEnd == batchStart)
                    {
                        yield break;
                    }
                }

                yield return (first + i, PageDescriptor.Read(batch.AsSpan((int)(index + i - batchStart) * PageDescriptor.Size)));
            }

            index += count;
        }
    }
}
