using System.Buffers.Binary;
using IommuSpy.Memory.Compression;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Memory.Tests.Kdump;

/// <summary>kdump files that are cut, split, incomplete, of older headers, or wrong.</summary>
public class KdumpFormatTests
{
    private static readonly byte[] Good = SampleImage.KdumpBytes(PageCompression.Zlib);

    private static int SubHeaderBlocks => BinaryPrimitives.ReadInt32LittleEndian(Good.AsSpan(432));

    private static int BitmapsAt => (1 + SubHeaderBlocks) * 4096;

    private static int DescriptorsAt => BitmapsAt + (BinaryPrimitives.ReadInt32LittleEndian(Good.AsSpan(436)) * 4096);

    private static int Pages => SampleImage.Runs.Sum(run => (int)(run.Length >> PageFrame.Shift));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Every_header_version_has_the_same_memory_and_what_it_may_carry(int version)
    {
        byte[] file = [.. Good];
        file[8] = (byte)version;
        using TemporaryFile temporary = TemporaryFile.With(file);
        using MemoryImage image = MemoryImage.Open(temporary.Path);
        AssertSame(image.Layouts[0].Memory);
        Assert.Equal(version >= 4 ? ["CORE", "QEMU", "VMCOREINFO"] : version == 3 ? ["VMCOREINFO"] : (string[])[], image.Notes.Select(note => note.Name));
        Assert.All(image.Notes.Where(note => note.Name == "VMCOREINFO"),
            note => Assert.Equal(SampleImage.VmCoreInfo, System.Text.Encoding.ASCII.GetString(note.Descriptor.Span)));
        Assert.Equal(version >= 4 ? 1 : 0, image.Cpus.Count);
    }

    [Fact]
    public void A_split_set_is_whole_in_any_order_and_refused_with_a_part_missing()
    {
        byte[][] parts = [Part(0, 0x120), Part(0x120, 0x180), Part(0x180, BinaryPrimitives.ReadUInt64LittleEndian(Good.AsSpan(4096 + 96)))];
        using TemporaryFile first = TemporaryFile.With(parts[0]);
        using TemporaryFile second = TemporaryFile.With(parts[1]);
        using TemporaryFile third = TemporaryFile.With(parts[2]);
        using (MemoryImage image = MemoryImage.Open([third.Path, first.Path, second.Path]))
        {
            AssertSame(image.Layouts[0].Memory);
            Assert.Equal(0UL, image.Layouts[0].Memory.LostBytes);
        }

        Assert.Contains("0x120-0x17f", Assert.Throws<MemoryImageException>(() => MemoryImage.Open([third.Path, first.Path])).Message, StringComparison.Ordinal);
        Assert.Contains("0x180-", Assert.Throws<MemoryImageException>(() => MemoryImage.Open([second.Path, first.Path])).Message, StringComparison.Ordinal);
        Assert.Throws<MemoryImageException>(() => MemoryImage.Open([first.Path, second.Path, first.Path, third.Path]));
        using MemoryImage incomplete = MemoryImage.Open([third.Path, first.Path], new(AllowTruncated: true));
        PhysicalMemory memory = incomplete.Layouts[0].Memory;
        Assert.Equal(0x60UL << PageFrame.Shift, memory.LostBytes);
        Assert.False(memory.Contains(new PageFrame(0x121).Address));
        Assert.True(memory.Contains(new PageFrame(0x11f).Address));
        Assert.True(memory.Contains(new PageFrame(0x180).Address));
    }

    [Fact]
    public void A_file_that_is_cut_off_is_refused_and_read_as_far_as_it_goes_when_asked()
    {
        using TemporaryFile cut = TemporaryFile.With(Good.AsSpan(0, Good.Length - 60_000));
        ImageAssert.Refused(cut.Path, null, "cut off", "--allow-truncated");
        using MemoryImage image = MemoryImage.Open(cut.Path, new(AllowTruncated: true));
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.InRange(memory.LostBytes, 60_000UL, 1UL << 20);
        Assert.True(memory.Contains(SampleImage.Runs[0].Start));
        Assert.False(memory.Contains(SampleImage.Runs[^1].Last));
        Assert.True(memory.IsMemory(SampleImage.Runs[^1].Last));
        ulong unreadable = SampleImage.Runs.Aggregate(0UL,
            (sum, run) =>
                sum + Enumerable.Range(0, (int)(run.Length >> PageFrame.Shift))
                    .Aggregate(0UL, (pages, page) => pages + (memory.Contains(run.Start + ((ulong)page << PageFrame.Shift)) ? 0UL : 1)));
        Assert.Equal(memory.LostBytes, unreadable << PageFrame.Shift);
    }

    [Fact]
    public void A_dump_that_was_never_finished_says_so()
    {
        byte[] file = [.. Good];
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(424), 1 | 8);
        file.AsSpan(DescriptorsAt + (24 * 100), 24).Clear();
        ImageAssert.Refused(file, "never finished", "4 KiB of RAM is missing");
    }

    [Theory]
    [InlineData("x86_64", "x86_64")]
    [InlineData("riscv64", "riscv64")]
    [InlineData("Unknown", null)]
    [InlineData("", null)]
    public void The_machine_is_the_headers_unless_its_writer_did_not_know(string written, string? machine)
    {
        byte[] bytes = [.. Good];
        bytes.AsSpan(12 + (4 * 65), 65).Clear();
        System.Text.Encoding.ASCII.GetBytes(written).CopyTo(bytes, 12 + (4 * 65));
        using TemporaryFile file = TemporaryFile.With(bytes);
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(machine, image.Machine?.Name);
    }

    [Fact]
    public void A_page_that_does_not_decode_is_missing_and_its_neighbours_are_not()
    {
        byte[] file = [.. Good];
        int index = Enumerable.Range(0, Pages)
            .First(i => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(DescriptorsAt + (24 * i) + 12)) == (uint)PageCompression.Zlib);
        file[(int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(DescriptorsAt + (24 * index))) + 8] ^= 0xff;
        using TemporaryFile temporary = TemporaryFile.With(file);
        using MemoryImage image = MemoryImage.Open(temporary.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        PhysicalAddress spoiled = SampleImage.Runs[0].Start + ((ulong)index << PageFrame.Shift);
        Assert.Equal(0, memory.Read(spoiled, new byte[PageFrame.Size]));
        Assert.Equal(PageFrame.Size, memory.Read(spoiled + PageFrame.Size, new byte[PageFrame.Size]));
        byte[] all = new byte[SampleImage.Runs[0].Length];
        Assert.Equal(index << PageFrame.Shift, memory.Read(SampleImage.Runs[0].Start, all));
        Assert.Equal((ulong)all.Length - PageFrame.Size, memory.ReadSparsely(SampleImage.Runs[0].Start, all));
        using TemporaryFile written = SampleImage.Written(image, new(ImageFormat.Kdump), piped: false, out WriteResult result);
        Assert.Equal(1UL, result.Unreadable);
        ImageAssert.Refused(written.Path, null, "4 KiB of RAM is missing");
    }

    [Fact]
    public void Headers_that_cannot_be_are_refused()
    {
        Changed(8, 7, "version 7");
        Changed(428, 8192, "8192 bytes");
        Changed(432, -1, "second header");
        Changed(436, int.MaxValue, "do not fit the file");
        Changed(436, 2, "no room");
        ImageAssert.Refused(Good[..400], "cut off inside its header");
        ImageAssert.Refused(Good[..4150], "second header");
        ImageAssert.Refused(Good[..(BitmapsAt + 100)], "do not fit the file");
    }

    [Fact]
    public void Parts_of_different_dumps_are_refused()
    {
        byte[] other = [.. Good];
        other[BitmapsAt] ^= 4;
        using TemporaryFile first = TemporaryFile.With(Good);
        using TemporaryFile second = TemporaryFile.With(other);
        Assert.Throws<MemoryImageException>(() => MemoryImage.Open([first.Path, second.Path]));
        using TemporaryFile elf = SampleImage.Elf();
        Assert.Contains("no parts of one image", Assert.Throws<MemoryImageException>(() => MemoryImage.Open([first.Path, elf.Path])).Message,
            StringComparison.Ordinal);
    }

    private static void Changed(int at, int value, params string[] words)
    {
        byte[] file = [.. Good];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(at), value);
        ImageAssert.Refused(file, words);
    }

    // As makedumpfile --split: headers and whole bitmaps in each, descriptors and data of its own pages.
    private static byte[] Part(ulong start, ulong end)
    {
        byte[] file = [.. Good];
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(4096 + 12), 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(4096 + 80), start);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(4096 + 88), end);
        byte[] descriptors = new byte[Pages * 24];
        int index = 0;
        int kept = 0;
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            for (ulong page = run.Start.Frame.Number; page < run.Start.Frame.Number + (run.Length >> PageFrame.Shift); page++, index++)
            {
                if (page >= start && page < end)
                {
                    Good.AsSpan(DescriptorsAt + (index * 24), 24).CopyTo(descriptors.AsSpan(kept++ * 24));
                }
            }
        }

        descriptors.CopyTo(file.AsSpan(DescriptorsAt));
        return file;
    }

    private static void AssertSame(PhysicalMemory memory)
    {
        using TemporaryFile elf = SampleImage.Elf();
        using MemoryImage source = MemoryImage.Open(elf.Path);
        Assert.Equal(SampleImage.Runs, memory.Ranges);
        foreach (PhysicalRange run in SampleImage.Runs)
        {
            byte[] expected = new byte[run.Length];
            byte[] found = new byte[run.Length];
            Assert.Equal(expected.Length, source.Layouts[0].Memory.Read(run.Start, expected));
            Assert.Equal(found.Length, memory.Read(run.Start, found));
            Assert.Equal(expected, found);
        }
    }
}
