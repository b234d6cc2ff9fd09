using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using IommuSpy.Memory.Compression;

namespace IommuSpy.Memory.Writing;

/// <summary>
/// kdump-compressed, header version 6 as makedumpfile writes it: headers, notes, both bitmaps, descriptors, pages. Zero pages share one.
/// </summary>
internal sealed class KdumpWriter
{
    private const int ChunkBytes = 256 << 10;
    private const int DescriptorBytes = 24;
    private const int DescriptorBatch = 4096;
    private const int SubHeaderBytes = 104;
    private const int Block = PageFrame.Size;

    private readonly WriteJob _job;
    private readonly ArrayBufferWriter<byte> _descriptors = new(2 * DescriptorBatch * DescriptorBytes);
    private readonly ulong _zeroPage;
    private ulong _descriptorsAt;
    private ulong _at;

    private KdumpWriter(WriteJob job)
    {
        _job = job;
        byte[] notes = ElfWriter.Notes(job.Notes);
        ulong subHeaderBlocks = ((ulong)(SubHeaderBytes + notes.Length) + Block - 1) / Block;
        ulong pages = Pages(job);
        ulong halfBlocks = ((pages + 7) / 8 + Block - 1) / Block;
        ulong bitmaps = (1 + subHeaderBlocks) * Block;
        _descriptorsAt = bitmaps + (2 * halfBlocks * Block);
        _zeroPage = _descriptorsAt + (job.Selection.Kept * DescriptorBytes);
        _at = _zeroPage;

        job.Output.Write(0, Header(subHeaderBlocks, halfBlocks * 2, pages));
        job.Output.Write(Block, SubHeader(notes, pages));
        WriteBitmap(bitmaps, halfBlocks * Block, job.Memory.Ranges);
        WriteBitmap(bitmaps + (halfBlocks * Block), halfBlocks * Block, job.Selection.Runs);
    }

    internal static void Write(WriteJob job) => new KdumpWriter(job).WritePages();

    private static ulong Pages(WriteJob job) => job.Memory.Ranges.Count == 0 ? 0 : (job.Memory.Ranges[^1].Last.Value >> PageFrame.Shift) + 1;

    private byte[] Header(ulong subHeaderBlocks, ulong bitmapBlocks, ulong pages)
    {
        byte[] header = new byte[Block];
        "KDUMP   "u8.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), 6);
        int field = 12;
        foreach (string text in (ReadOnlySpan<string>)["Linux", "", _job.Options.Release ?? "", "", _job.Machine?.Name ?? "", ""])
        {
            Encoding.ASCII.GetBytes(text.AsSpan(0, Math.Min(text.Length, 64)), header.AsSpan(field));
            field += 65;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(424), (uint)_job.Options.Compression);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(428), Block);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(432), (uint)subHeaderBlocks);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(436), (uint)bitmapBlocks);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(440), (uint)Math.Min(pages, uint.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(448), 1);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(460), (uint)_job.Notes.Count(note => note is { Name: "CORE", Type: 1 }));
        return header;
    }

    private byte[] SubHeader(byte[] notes, ulong pages)
    {
        byte[] header = new byte[SubHeaderBytes + notes.Length];
        BinaryPrimitives.WriteInt64LittleEndian(header, PhysicalBase());
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), _job.DumpLevel);
        if (VmCoreInfoAt(notes) is (int at, int length))
        {
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(32), Block + SubHeaderBytes + at);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), length);
        }

        if (notes.Length > 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(48), Block + SubHeaderBytes);
            BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(56), notes.Length);
        }

        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(96), pages);
        notes.CopyTo(header.AsSpan(SubHeaderBytes));
        return header;
    }

    private (int At, int Length)? VmCoreInfoAt(byte[] notes)
    {
        // The descriptor of the note among the notes: they are written one after another.
        int at = 0;
        foreach (ElfNote note in _job.Notes)
        {
            int descriptor = at + 12 + ((note.Name.Length + 1 + 3) & ~3);
            if (string.Equals(note.Name, "VMCOREINFO", StringComparison.Ordinal))
            {
                return (descriptor, note.Descriptor.Length);
            }

            at = descriptor + ((note.Descriptor.Length + 3) & ~3);
        }

        return null;
    }

    // What the kernel notes of itself; 0 where it noted nothing.
    private long PhysicalBase()
    {
        foreach (ElfNote note in _job.Notes.Where(note => string.Equals(note.Name, "VMCOREINFO", StringComparison.Ordinal)))
        {
            string text = Encoding.ASCII.GetString(note.Descriptor.Span);
            const string Key = "\nNUMBER(phys_base)=";
            int at = text.IndexOf(Key, StringComparison.Ordinal);
            int end = at < 0 ? -1 : text.IndexOf('\n', at + Key.Length);
            if (end > 0
                && long.TryParse(text.AsSpan(at + Key.Length, end - at - Key.Length), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture,
                    out long value))
            {
                return value;
            }
        }

        return 0;
    }

    private void WriteBitmap(ulong offset, ulong bytes, IReadOnlyList<PhysicalRange> runs)
    {
        byte[] part = new byte[1 << 20];
        int next = 0;
        for (ulong start = 0; start < bytes; start += (ulong)part.Length)
        {
            ulong firstBit = start * 8;
            ulong endBit = firstBit + ((ulong)part.Length * 8);
            Array.Clear(part);
            while (next < runs.Count)
            {
                // Pages that a run holds only a part of are none of a dump.
                ulong first = (runs[next].Start.Value + PageFrame.Size - 1) >> PageFrame.Shift;
                ulong end = (runs[next].Last.Value >> PageFrame.Shift) + ((runs[next].Last.Value & (PageFrame.Size - 1)) == PageFrame.Size - 1 ? 1UL : 0);
                if (first >= endBit)
                {
                    break;
                }

                SetBits(part, Math.Max(first, firstBit) - firstBit, Math.Max(Math.Min(end, endBit), firstBit) - firstBit);
                if (end > endBit)
                {
                    break;
                }

                next++;
            }

            _job.Output.Write(offset + start, part.AsSpan(0, (int)Math.Min((ulong)part.Length, bytes - start)));
        }
    }

    private static void SetBits(byte[] bitmap, ulong from, ulong to)
    {
        for (ulong bit = from; bit < to;)
        {
            if (bit % 8 == 0 && to - bit >= 8)
            {
                ulong bytes = (to - bit) / 8;
                bitmap.AsSpan((int)(bit / 8), (int)bytes).Fill(0xff);
                bit += bytes * 8;
            }
            else
            {
                bitmap[bit / 8] |= (byte)(1 << (int)(bit % 8));
                bit++;
            }
        }
    }

    private void WritePages()
    {
        _job.Output.Write(_at, new byte[Block]);
        _at += Block;
        _job.Run(ChunkBytes, Compress, Take);
        FlushDescriptors();
        _job.Output.Finish(_at);
    }

    private CompressedPages Compress(WriteJob.Chunk chunk)
    {
        int count = chunk.Bytes.Length / Block;
        CompressedPages pages = new(count);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> page = chunk.Bytes.Slice(i * Block, Block);
            if (chunk.IsUnreadable(i))
            {
                pages.AddMissing();
            }
            else if (!page.ContainsAnyExcept((byte)0))
            {
                pages.AddZero();
            }
            else
            {
                ReadOnlySpan<byte> compressed = PageCompressor.OfThread.Compress(_job.Options.Compression, page);
                pages.Add(compressed.IsEmpty ? page : compressed, compressed.IsEmpty ? PageCompression.None : _job.Options.Compression);
            }
        }

        return pages;
    }

    private void Take(CompressedPages pages)
    {
        Span<byte> descriptor = stackalloc byte[DescriptorBytes];
        ulong at = _at;
        foreach ((int length, PageCompression compression, CompressedPages.Kind kind) in pages.Pages)
        {
            descriptor.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor, kind switch
            {
                CompressedPages.Kind.Zero => _zeroPage,
                CompressedPages.Kind.Missing => 0,
                _ => at,
            });
            BinaryPrimitives.WriteInt32LittleEndian(descriptor[8..], kind == CompressedPages.Kind.Zero ? Block : length);
            BinaryPrimitives.WriteUInt32LittleEndian(descriptor[12..], (uint)compression);
            _descriptors.Write(descriptor);
            at += (ulong)length;
        }

        if (pages.Data.Length > 0)
        {
            _job.Output.Write(_at, pages.Data);
        }

        _at = at;
        if (_descriptors.WrittenCount >= DescriptorBatch * DescriptorBytes)
        {
            FlushDescriptors();
        }
    }

    private void FlushDescriptors()
    {
        ReadOnlySpan<byte> bytes = _descriptors.WrittenSpan;
        if (!bytes.IsEmpty)
        {
            _job.Output.Write(_descriptorsAt, bytes);
        }

        _descriptorsAt += (ulong)bytes.Length;
        _descriptors.ResetWrittenCount();
    }
}
