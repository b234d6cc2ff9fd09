using IommuSpy.Memory.Compression;
using K4os.Compression.LZ4.Streams;
using SharpCompress.Compressors.BZip2;

namespace IommuSpy.Memory.Tests;

/// <summary>Images inside lz4 and bzip2: read where they are whole, and refused in one line where they are not. gzip and xz are tested end to end.</summary>
public class ContainerTests
{
    [Theory]
    [InlineData("lz4")]
    [InlineData("bzip2")]
    public void An_image_is_read_out_of_its_container_and_out_of_several_put_together(string container)
    {
        byte[] kdump = SampleImage.KdumpBytes(PageCompression.Zlib);
        foreach (byte[] packed in (byte[][])[Packed(container, kdump), [.. Packed(container, kdump[..5000]), .. Packed(container, kdump[5000..])]])
        {
            using TemporaryFile file = TemporaryFile.With(packed);
            using MemoryImage image = MemoryImage.Open(file.Path);
            Assert.Equal("kdump-compressed", image.Format);
            Assert.Equal(SampleImage.Runs, image.Layouts[0].Memory.Ranges);
            Assert.Empty(image.Damage);
        }
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("bzip2")]
    public void One_that_is_cut_off_or_damaged_is_refused(string container)
    {
        byte[] packed = Packed(container, SampleImage.KdumpBytes(PageCompression.Zlib));
        byte[] damaged = [.. packed];
        damaged[packed.Length / 2] ^= 0x55;
        foreach (byte[] spoiled in (byte[][])[packed[..^2000], packed[..^2], damaged])
        {
            ImageAssert.Refused(spoiled, $"{container}, but it is corrupt or cut off", "--allow-truncated");
        }
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("bzip2")]
    public void One_that_unpacks_to_more_than_the_limits_let_through_is_refused(string container)
    {
        using TemporaryFile file = TemporaryFile.With(Packed(container, new byte[4 << 20]));
        MemoryImageOptions options = new() { Limits = new() { UnpackedBytes = 1 << 20 } };
        ImageAssert.Refused(file.Path, options, $"{container} that unpacks to more than 1 MiB");
    }

    [Theory]
    [InlineData("lz4")]
    [InlineData("bzip2")]
    public void One_that_came_through_standard_input_is_read_and_leaves_no_copy(string container)
    {
        // As it stands once it is copied out of the pipe: by the name that is shown, there is no file.
        using TemporaryFile file = TemporaryFile.With(Packed(container, SampleImage.KdumpBytes(PageCompression.Zlib)));
        List<string> told = [];
        using MemoryImage image = MemoryFormats.Open([MappedFile.Open(file.Path, "standard input")], new() { Tell = told.Add });
        Assert.Equal(SampleImage.Runs, image.Layouts[0].Memory.Ranges);
        Assert.Equal([$"standard input: {container}: unpacking"], told);
    }

    [Fact]
    public void What_is_no_image_is_named_also_inside_of_a_container()
    {
        byte[] archive = new byte[10240];
        "ustar"u8.CopyTo(archive.AsSpan(257));
        ImageAssert.Refused(Packed("lz4", archive), "is a tar archive");
    }

    private static byte[] Packed(string container, byte[] bytes)
    {
        using MemoryStream output = new();
        using (Stream packer = container == "lz4"
            ? LZ4Stream.Encode(output, new LZ4EncoderSettings { ContentChecksum = true }, leaveOpen: true)
            : BZip2Stream.Create(output, SharpCompress.Compressors.CompressionMode.Compress, decompressConcatenated: false, leaveOpen: true))
        {
            packer.Write(bytes);
        }

        return output.ToArray();
    }
}
