using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Tests;

/// <summary>QEMU's saved state, written out after its documentation, alone and as libvirt wraps it.</summary>
public class SavevmFormatTests
{
    private const ulong RamBytes = 0x2_0000;
    private const ulong BiosBytes = 0x2000;

    [Fact]
    public void Pages_in_any_section_the_last_of_each_counts()
    {
        using TemporaryFile file = TemporaryFile.With(Stream());
        using MemoryImage image = MemoryImage.Open(file.Path);
        AssertMemory(image);
        Assert.Equal("QEMU saved state", image.Format);
    }

    [Fact]
    public void Libvirts_header_is_taken_off()
    {
        byte[] description = Encoding.ASCII.GetBytes("<domain type='kvm'/>".PadRight(300, '\0'));
        byte[] header = new byte[92];
        "LibvirtQemudSave"u8.CopyTo(header);
        header[16] = 2;
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(20), (uint)description.Length);
        using TemporaryFile file = TemporaryFile.With([.. header, .. description, .. Stream()]);
        using MemoryImage image = MemoryImage.Open(file.Path);
        AssertMemory(image);
        "Part"u8.CopyTo(header.AsSpan(12));
        ImageAssert.Refused([.. header, .. description, .. Stream()], "never finished");
    }

    [Fact]
    public void A_stream_that_ends_early_is_refused_at_every_length()
    {
        byte[] whole = Stream();
        for (int length = 8; length < whole.Length - 40; length += 611)
        {
            using TemporaryFile file = TemporaryFile.With(whole.AsSpan(0, length));
            Assert.Throws<MemoryImageException>(() => MemoryImage.Open(file.Path));
        }

        using TemporaryFile cut = TemporaryFile.With(whole.AsSpan(0, whole.Length - 2 * 4096));
        using MemoryImage image = MemoryImage.Open(cut.Path, new(AllowTruncated: true));
        Assert.NotEmpty(image.Damage);
        Assert.True(image.Layouts[0].Memory.LostBytes > 0);
        Assert.False(image.Layouts[0].Memory.Contains(new(0x1_f000)));
        Assert.True(image.Layouts[0].Memory.Contains(new(0x3000)));
    }

    [Fact]
    public void What_is_not_read_is_named()
    {
        ImageAssert.Refused(Changed(Stream(), 0x28, 0x60), "flags 0x60");
        byte[] huge = Stream();
        BinaryPrimitives.WriteUInt64BigEndian(huge.AsSpan(huge.AsSpan().IndexOf("pc.ram"u8) + 6), 1UL << 60);
        ImageAssert.Refused(huge, "RAM block pc.ram");
    }

    private static byte[] Changed(byte[] stream, byte from, byte to)
    {
        int at = stream.AsSpan().IndexOf((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0x30, from]);
        stream[at + 7] = to;
        return stream;
    }

    private static void AssertMemory(MemoryImage image)
    {
        PhysicalMemory memory = Assert.Single(image.Layouts).Memory;
        Assert.Equal([new(new(0), RamBytes), new(new((1UL << 32) - BiosBytes), BiosBytes)], memory.Ranges);
        byte[] page = new byte[PageFrame.Size];
        for (ulong at = 0; at < RamBytes; at += PageFrame.Size)
        {
            Assert.Equal(PageFrame.Size, memory.Read(new(at), page));
            Assert.Equal(Page(at), page);
        }

        Assert.Equal(PageFrame.Size, memory.Read(new(0xffff_f000), page));
        Assert.All(page, value => Assert.Equal(0xb1, value));
        Assert.DoesNotContain(memory.DataRanges, range => range.Contains(new(0x1000)));
        Assert.Contains(memory.DataRanges, range => range.Contains(new(0x5000)));
        byte[] across = new byte[6000];
        Assert.Equal(across.Length, memory.Read(new(0x2ff0), across));
        Assert.Equal(Page(0x3000)[..4096], across[16..(16 + 4096)]);
    }

    // Page 1 is zeros, page 5 one byte over and over, page 3 is sent twice.
    private static byte[] Page(ulong at)
    {
        byte[] page = new byte[PageFrame.Size];
        if (at == 0x5000)
        {
            Array.Fill(page, (byte)0xee);
        }
        else if (at != 0x1000)
        {
            for (int i = 0; i < page.Length; i++)
            {
                page[i] = (byte)((i * 7) + (int)(at >> 12));
            }
        }

        return page;
    }

    private static byte[] Stream()
    {
        using MemoryStream stream = new();
        void Word32(uint value)
        {
            Span<byte> bytes = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
            stream.Write(bytes);
        }

        void Word64(ulong value)
        {
            Span<byte> bytes = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
            stream.Write(bytes);
        }

        void Name(string name)
        {
            stream.WriteByte((byte)name.Length);
            stream.Write(Encoding.ASCII.GetBytes(name));
        }

        void Footer()
        {
            Word64(0x10);
            stream.WriteByte(0x7e);
            Word32(2);
        }

        stream.Write("QEVM"u8);
        Word32(3);
        stream.WriteByte(7);
        Word32(10);
        stream.Write("pc-q35-7.2"u8);
        stream.WriteByte(5);
        Name("configuration/target-page-bits");
        Word32(1);
        Word32(12);
        stream.WriteByte(1);
        Word32(2);
        Name("ram");
        Word32(0);
        Word32(4);
        Word64((RamBytes + BiosBytes) | 4);
        Name("pc.ram");
        Word64(RamBytes);
        Name("pc.bios");
        Word64(BiosBytes);
        Footer();
        stream.WriteByte(2);
        Word32(2);
        bool named = false;
        for (ulong at = 0; at < RamBytes / 2; at += PageFrame.Size)
        {
            bool isFill = at is 0x1000 or 0x5000;
            Word64(at | (isFill ? 2UL : 8) | (named ? 0x20UL : 0));
            if (!named)
            {
                Name("pc.ram");
                named = true;
            }

            if (isFill)
            {
                stream.WriteByte(at == 0x1000 ? (byte)0 : (byte)0xee);
            }
            else
            {
                // Changed before the end: the second copy counts.
                byte[] page = Page(at);
                stream.Write(at == 0x3000 ? new byte[4096] : page);
            }
        }

        Footer();
        stream.WriteByte(3);
        Word32(2);

        // The block is still that of the section before.
        Word64(0x3000 | 8 | 0x20);
        stream.Write(Page(0x3000));
        for (ulong at = RamBytes / 2; at < RamBytes; at += PageFrame.Size)
        {
            Word64(at | 8 | 0x20);
            stream.Write(Page(at));
        }

        Word64(2);
        Name("pc.bios");
        stream.WriteByte(0xb1);
        Word64(0x1000 | 2 | 0x20);
        stream.WriteByte(0xb1);
        Footer();
        stream.WriteByte(4);
        Word32(7);
        Name("cpu");
        stream.Write(new byte[50]);
        return stream.ToArray();
    }
}
