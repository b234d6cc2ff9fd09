using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests.Writing;

/// <summary>What is written in each format is read again: every page, the notes, the registers.</summary>
public class RoundTripTests
{
    public static TheoryData<ImageFormat, PageCompression, bool, bool> Ways
    {
        get
        {
            TheoryData<ImageFormat, PageCompression, bool, bool> ways = [];
            foreach (bool piped in new[] { false, true })
            {
                foreach (bool excludeZero in new[] { false, true })
                {
                    foreach (ImageFormat format in Enum.GetValues<ImageFormat>())
                    {
                        ways.Add(format, PageCompression.Zlib, piped, excludeZero);
                    }

                    ways.Add(ImageFormat.Kdump, PageCompression.None, piped, excludeZero);
                    ways.Add(ImageFormat.Kdump, PageCompression.Snappy, piped, excludeZero);
                    ways.Add(ImageFormat.Kdump, PageCompression.Zstd, piped, excludeZero);
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Every_page_comes_back(ImageFormat format, PageCompression compression, bool piped, bool excludeZero)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = SampleImage.Written(source, new(format, compression, excludeZero), piped, out WriteResult result);
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: 0));
        PhysicalMemory memory = image.Layouts[0].Memory;
        byte[] expected = new byte[PageFrame.Size];
        byte[] found = new byte[PageFrame.Size];
        ulong pages = 0;
        ulong zeros = 0;
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            for (ulong at = 0; at < run.Length; at += PageFrame.Size)
            {
                Assert.Equal(PageFrame.Size, source.Layouts[0].Memory.Read(run.Start + at, expected));
                bool isZero = !expected.AsSpan().ContainsAnyExcept((byte)0);
                pages++;
                zeros += isZero ? 1UL : 0;
                if (isZero && excludeZero && format is ImageFormat.Lime or ImageFormat.Avml)
                {
                    // ELF and kdump say that zero pages are what they lack.
                    Assert.False(memory.Contains(run.Start + at));
                    continue;
                }

                Assert.Equal(PageFrame.Size, memory.Read(run.Start + at, found));
                Assert.Equal(expected, found);
            }
        }

        Assert.Equal(new(pages, excludeZero ? pages - zeros : pages, excludeZero ? zeros : 0, 0, 0, result.Bytes), result);
        Assert.NotEqual(0UL, zeros);
        if (format is ImageFormat.Elf or ImageFormat.Kdump)
        {
            Assert.Equal(source.Notes.Select(note => (note.Name, note.Type, Convert.ToHexString(note.Descriptor.Span))),
                image.Notes.Select(note => (note.Name, note.Type, Convert.ToHexString(note.Descriptor.Span))));
            Assert.Equal(source.Cpus, image.Cpus);
        }

        if (format is ImageFormat.Elf or ImageFormat.Kdump || (format is not ImageFormat.Raw && !excludeZero))
        {
            Assert.Equal(source.Layouts[0].Memory.Ranges, memory.Ranges);
        }
    }

    [Fact]
    public void An_elf_core_has_the_kernels_image_at_its_virtual_address_over_the_same_bytes()
    {
        const ulong Inset = 0x800;
        const ulong Text = 0xffff_ffff_8100_0800;
        PhysicalRange run = SampleImage.Runs[^1];
        PhysicalRange text = new(run.Start + Inset, PageFrame.Size);
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = SampleImage.Written(source, new(ImageFormat.Elf) { KernelImage = new(new(Text), text) }, piped: false, out _);
        byte[] written = File.ReadAllBytes(file.Path);
        int count = BitConverter.ToUInt16(written, 56);
        List<int> headers = [.. Enumerable.Range(0, count).Select(i => 64 + (56 * i))];
        int own = Assert.Single(headers, at => BitConverter.ToUInt64(written, at + 16) == Text);
        int around = Assert.Single(headers, at => BitConverter.ToUInt64(written, at + 24) == run.Start.Value);
        Assert.Equal(text.Start.Value, BitConverter.ToUInt64(written, own + 24));
        Assert.Equal(text.Length, BitConverter.ToUInt64(written, own + 32));
        Assert.Equal(BitConverter.ToUInt64(written, around + 8) + Inset, BitConverter.ToUInt64(written, own + 8));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(source.Layouts[0].Memory.Ranges, image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void Data_ranges_of_a_kdump_leave_out_its_zero_pages_and_nothing_else()
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = SampleImage.Written(source, new(ImageFormat.Kdump), piped: false, out _);
        using MemoryImage image = MemoryImage.Open(file.Path);
        byte[] page = new byte[PageFrame.Size];
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            for (ulong at = 0; at < run.Length; at += PageFrame.Size)
            {
                source.Layouts[0].Memory.Read(run.Start + at, page);
                Assert.Equal(page.AsSpan().ContainsAnyExcept((byte)0), image.Layouts[0].Memory.DataRanges.Any(range => range.Contains(run.Start + at)));
            }
        }
    }

    [Fact]
    public void A_file_is_for_its_owner_alone_and_nothing_is_left_beside_it()
    {
        using TemporaryFile directory = TemporaryFile.Nothing();
        Directory.CreateDirectory(directory.Path);
        string path = Path.Combine(directory.Path, "out");
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        ImageWriter.Write(source, source.Layouts[0], path, new(ImageFormat.Kdump));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(directory.Path));
        Assert.Throws<OperationCanceledException>(() =>
            ImageWriter.Write(source, source.Layouts[0], path + "2", new(ImageFormat.Raw) { Progress = _ => throw new OperationCanceledException() }));
        Assert.Equal([path], Directory.GetFileSystemEntries(directory.Path));
    }

    [Fact]
    public void A_filter_leaves_pages_out_and_the_dump_says_so()
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        using TemporaryFile file = SampleImage.Written(source, new(ImageFormat.Kdump, Filter: new EveryThird()), piped: false, out WriteResult result);
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal(24, image.DumpLevel);
        Assert.Equal(result.Excluded << PageFrame.Shift, memory.ExcludedBytes);
        Assert.Equal(source.Layouts[0].Memory.Ranges, memory.Ranges);
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            for (ulong at = 0; at < run.Length; at += PageFrame.Size)
            {
                PhysicalAddress address = run.Start + at;
                bool kept = address.Frame.Number % 3 != 0;
                Assert.Equal(kept, memory.Contains(address));
                Assert.True(memory.IsMemory(address));
                Assert.Equal(kept ? PageFrame.Size : 0, memory.Read(address, new byte[PageFrame.Size]));
            }
        }
    }

    [Theory]
    [InlineData(ImageFormat.Elf, false)]
    [InlineData(ImageFormat.Elf, true)]
    [InlineData(ImageFormat.Kdump, false)]
    [InlineData(ImageFormat.Kdump, true)]
    [InlineData(ImageFormat.Lime, false)]
    [InlineData(ImageFormat.Avml, false)]
    [InlineData(ImageFormat.Raw, false)]
    public void What_was_left_out_of_the_source_is_left_out_of_what_is_written_again(ImageFormat format, bool excludeZero)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage whole = MemoryImage.Open(elf.Path);
        using TemporaryFile first = SampleImage.Written(whole, new(ImageFormat.Elf, Filter: new EveryThird()), piped: false, out WriteResult made);
        using MemoryImage source = MemoryImage.Open(first.Path);
        using TemporaryFile second = SampleImage.Written(source, new(format, ExcludeZero: excludeZero), piped: false, out WriteResult result);
        using MemoryImage image = MemoryImage.Open(second.Path, new(RamSplit: 0));
        PhysicalMemory memory = image.Layouts[0].Memory;
        bool hasMark = format is ImageFormat.Elf or ImageFormat.Kdump;
        Assert.Equal(24, source.DumpLevel);
        Assert.Equal(made.Excluded, result.Missing);
        Assert.Equal(made.Excluded << PageFrame.Shift, source.Layouts[0].Memory.ExcludedBytes);
        Assert.Equal(hasMark ? (result.Missing + result.Excluded) << PageFrame.Shift : 0, memory.ExcludedBytes);
        Assert.Equal(hasMark ? 24 + (excludeZero ? 1 : 0) : null, image.DumpLevel);
        byte[] expected = new byte[PageFrame.Size];
        byte[] found = new byte[PageFrame.Size];
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            for (ulong at = 0; at < run.Length; at += PageFrame.Size)
            {
                PhysicalAddress address = run.Start + at;
                whole.Layouts[0].Memory.Read(address, expected);
                bool isLeftOut = address.Frame.Number % 3 == 0 || (excludeZero && !expected.AsSpan().ContainsAnyExcept((byte)0));
                Assert.Equal(hasMark && isLeftOut, memory.Excludes(address));
                if (isLeftOut)
                {
                    // A raw file has zeros there, which its reader cannot tell from others; of the rest, nobody may read anything.
                    Assert.Equal(format == ImageFormat.Raw ? PageFrame.Size : 0, memory.Read(address, found));
                    continue;
                }

                Assert.Equal(PageFrame.Size, memory.Read(address, found));
                Assert.Equal(expected, found);
            }
        }
    }

    [Theory]
    [InlineData(ImageFormat.Elf)]
    [InlineData(ImageFormat.Kdump)]
    public void Where_it_is_not_known_what_the_source_lacks_leaving_zero_pages_out_does_not_make_it_zeros(ImageFormat format)
    {
        // As makedumpfile -E: no note says which kinds of pages were left out.
        byte[] page = [.. Enumerable.Range(0, PageFrame.Size).Select(i => (byte)(i | 1))];
        ElfCoreBuilder core = new ElfCoreBuilder().AddLoad(0x10000, [.. page, .. new byte[PageFrame.Size]], memoryBytes: 0x4000);
        using TemporaryFile first = TemporaryFile.With(core.Build());
        using MemoryImage source = MemoryImage.Open(first.Path);
        using TemporaryFile second = SampleImage.Written(source, new(format, ExcludeZero: true), piped: false, out WriteResult result);
        Assert.Equal((1UL, 1UL, 2UL), (result.Written, result.Excluded, result.Missing));
        using MemoryImage image = MemoryImage.Open(second.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal([new(new(0x10000), 0x4000)], memory.Ranges);
        Assert.Equal(0x3000UL, memory.ExcludedBytes);
        Assert.Equal(PageFrame.Size, memory.Read(new(0x10000), new byte[0x4000]));
        Assert.True(memory.Excludes(new(0x12000)));
    }

    [Fact]
    public void A_raw_file_is_as_long_as_memory_also_where_its_end_was_left_out()
    {
        using TemporaryFile first = TemporaryFile.With(new ElfCoreBuilder().AddLoad(0, new byte[PageFrame.Size], memoryBytes: 0x8000).Build());
        using MemoryImage source = MemoryImage.Open(first.Path);
        using TemporaryFile second = SampleImage.Written(source, new(ImageFormat.Raw), piped: false, out _);
        Assert.Equal(0x8000, new FileInfo(second.Path).Length);
    }

    private sealed class EveryThird : IPageFilter
    {
        public int DumpLevel => 24;

        public bool Keeps(PageFrame page) => page.Number % 3 != 0;
    }
}
