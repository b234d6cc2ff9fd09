using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Tests;

/// <summary>QEMU's saved state of a machine with several blocks of RAM, beside blocks of its devices.</summary>
public class SavedBlocksTests
{
    private const ulong MiB = 1UL << 20;
    private const ulong FourGiB = 1UL << 32;
    private const ulong DirectMap = 0xffff_8880_0000_0000;

    // RAM of 12 MiB, 8 of them below the hole: nodes of 6 MiB each.
    private static readonly (ulong Start, ulong Length)[] Map = [(0, 8 * MiB), (FourGiB, 4 * MiB)];

    [Theory]
    [InlineData("ram-node0", "ram-node1")]
    [InlineData("/objects/one", "/objects/other")]
    [InlineData("zz", "aa")]
    public void Blocks_of_RAM_stand_where_their_content_says_whatever_their_names_and_order_are(string low, string high)
    {
        byte[] stream = Stream(
            (high, 6 * MiB, [(0x5000, Lists(0x5000, DirectMap + (6 * MiB))), (3 * MiB, Lists(3 * MiB, DirectMap + FourGiB - (2 * MiB)))]),
            ("0000:00:02.0/vga.vram", 16 * MiB, []),
            (low, 6 * MiB, [(0x1000, BootParams()), (0x20_0000, Lists(0x20_0000, DirectMap))]),
            ("pc.bios", 0x4_0000, []),
            ("/rom@etc/acpi/tables", 0x20_0000, []));
        using TemporaryFile file = TemporaryFile.With(stream);
        using MemoryImage image = MemoryImage.Open(file.Path);
        MemoryLayout layout = image.Layouts[0];
        Assert.Equal([new(new(0), 8 * MiB), new(new(FourGiB - 0x4_0000), (4 * MiB) + 0x4_0000)], layout.Memory.Ranges);
        Assert.Equal($"RAM blocks {low} at 0x0, {high} at 0x600000, {high} from its byte 0x200000 on at 0x100000000", layout.Description);
        Assert.True(layout.Memory.TryRead(new(FourGiB + MiB), out ulong itself));
        Assert.Equal(DirectMap + FourGiB + MiB, itself);
        Assert.Empty(layout.Unplaced);
    }

    [Fact]
    public void Blocks_of_which_nothing_says_where_they_belong_are_refused_by_name()
    {
        byte[] stream = Stream(("n0", 6 * MiB, []), ("n1", 6 * MiB, []), ("pc.bios", 0x4_0000, []));
        ImageAssert.Refused(stream, "2 blocks, n0 (6 MiB), n1 (6 MiB)", "dump-guest-memory");
    }

    private static byte[] Lists(ulong offset, ulong block)
    {
        byte[] page = new byte[PageFrame.Size];
        for (int at = 0; at < 2048; at += 64)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(at), block + offset + (ulong)at);
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(at + 8), block + offset + (ulong)at);
        }

        return page;
    }

    private static byte[] BootParams()
    {
        byte[] page = new byte[PageFrame.Size];
        page[0x1e8] = (byte)Map.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(page.AsSpan(0x1fe), 0xaa55);
        "HdrS"u8.CopyTo(page.AsSpan(0x202));
        for (int i = 0; i < Map.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x2d0 + (20 * i)), Map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(0x2d0 + (20 * i) + 8), Map[i].Length);
            page[0x2d0 + (20 * i) + 16] = 1;
        }

        return page;
    }

    // A stream whose blocks are zeros but for some pages.
    private static byte[] Stream(params (string Name, ulong Length, (ulong Offset, byte[] Page)[] Pages)[] blocks)
    {
        using MemoryStream stream = new();
        stream.Write("QEVM"u8);
        Word32(3);
        stream.WriteByte(1);
        Word32(2);
        Name("ram");
        Word32(0);
        Word32(4);
        Word64(blocks.Aggregate(0UL, (sum, block) => sum + block.Length) | 4);
        foreach ((string name, ulong length, _) in blocks)
        {
            Name(name);
            Word64(length);
        }

        Footer();
        stream.WriteByte(3);
        Word32(2);
        foreach ((string name, ulong length, (ulong Offset, byte[] Page)[] pages) in blocks)
        {
            for (ulong at = 0; at < length; at += PageFrame.Size)
            {
                byte[]? page = pages.FirstOrDefault(stored => stored.Offset == at).Page;
                Word64(at | (page is null ? 2UL : 8) | (at == 0 ? 0UL : 0x20));
                if (at == 0)
                {
                    Name(name);
                }

                stream.Write(page ?? [0]);
            }
        }

        Footer();
        stream.WriteByte(4);
        Word32(7);
        Name("cpu");
        stream.Write(new byte[50]);
        return stream.ToArray();

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
    }
}
