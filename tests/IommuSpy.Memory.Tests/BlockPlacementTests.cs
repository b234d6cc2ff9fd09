using System.Buffers.Binary;

namespace IommuSpy.Memory.Tests;

/// <summary>Blocks of RAM that nothing gives an address: they stand where firmware's map has RAM and their own pointers say.</summary>
public sealed class BlockPlacementTests : IDisposable
{
    private const ulong MiB = 1UL << 20;
    private const ulong FourGiB = 1UL << 32;
    private const ulong DirectMap = 0xffff_8d34_c000_0000;

    // RAM of 48 MiB whose hole begins at 32 MiB: the firmware keeps the last 128 KiB below it.
    private static readonly (ulong Start, ulong Length, uint Type)[] Map =
        [(0, 0x9fc00, 1), (0xf_0000, 0x1_0000, 2), (MiB, (31 * MiB) - 0x2_0000, 1),
         ((32 * MiB) - 0x2_0000, 0x2_0000, 2), (0xfffc_0000, 0x4_0000, 2), (FourGiB, 16 * MiB, 1)];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(8, 16)]
    [InlineData(24, 16)]
    [InlineData(31, 17)]
    public void A_raw_file_is_split_where_firmwares_map_in_it_ends_low_memory(ulong mapAtMiB, ulong highMiB)
    {
        string file = File("ram", 32 + highMiB, (mapAtMiB * MiB, BootParams(highMiB == 16 ? Map : [.. Map[..^1], (FourGiB, highMiB * MiB, 1)])));
        using MemoryImage image = MemoryImage.Open(file);
        Assert.Equal([new(new(0), 32 * MiB), new(new(FourGiB), highMiB * MiB)], image.Layouts[0].Memory.Ranges);
        Assert.Equal("RAM split at 0x2000000, the rest from 4 GiB", image.Layouts[0].Description);
        Assert.False(image.DeclaresPlaces);
    }

    [Fact]
    public void A_map_of_another_machine_in_memory_does_not_place_it()
    {
        // A guest's, which is smaller than the machine that it runs on.
        string file = File("ram", 64, (2 * MiB, BootParams([(0, 20 * MiB, 1)])), (4 * MiB, BootParams([(0, 48 * MiB, 1), (FourGiB, 16 * MiB, 1)])));
        using MemoryImage image = MemoryImage.Open(file);
        Assert.Equal([new(new(0), 48 * MiB), new(new(FourGiB), 16 * MiB)], image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void Files_of_nodes_and_of_a_module_stand_where_their_pointers_say_in_whatever_order_they_are_named()
    {
        string node0 = File("node0", 24, (0x1_0000, BootParams(Map)), Lists(0, 0x20_0000));
        string node1 = File("node1", 24, Lists(24 * MiB, 0x10_0000), ListsAt(9 * MiB, FourGiB + MiB));
        string module = File("module", 8, ListsAt(0x3000, 0x1_4000_3000));
        foreach (string[] order in (string[][])[[node0, node1, module], [module, node1, node0], [node1, node0, module]])
        {
            using MemoryImage image = MemoryImage.Open(order);
            PhysicalMemory memory = image.Layouts[0].Memory;
            Assert.Equal([new(new(0), 32 * MiB), new(new(FourGiB), 16 * MiB), new(new(0x1_4000_0000), 8 * MiB)], memory.Ranges);
            Assert.Empty(image.Layouts[0].Unplaced);
            Assert.True(memory.TryRead(new(FourGiB + MiB), out ulong itself));
            Assert.Equal(DirectMap + FourGiB + MiB, itself);
            Assert.Equal(
                "node0 at 0x0, node1 at 0x1800000, node1 from its byte 0x800000 on at 0x100000000, module at 0x140000000",
                image.Layouts[0].Description);
        }
    }

    [Fact]
    public void Lists_of_pages_and_of_the_kernels_image_do_not_place_a_block()
    {
        // Struct pages have far more empty lists than anything else, at one distance too.
        (ulong, byte[])[] pages = [.. Enumerable.Range(0, 50).Select(i =>
            SelfPointers((10 * MiB) + ((ulong)i << 12), 0xffff_f2af_4010_0000 + ((ulong)i << 12)))];
        string node0 = File("a", 24, [(0x1_0000, BootParams(Map)), Lists(0, 0x20_0000), .. pages]);
        string node1 = File("b", 24, [Lists(24 * MiB, 0x10_0000), .. pages, SelfPointers(12 * MiB, 0xffff_ffff_8200_0000)]);
        using MemoryImage image = MemoryImage.Open([node1, node0]);
        Assert.Equal("a at 0x0, b at 0x1800000, b from its byte 0x800000 on at 0x100000000", image.Layouts[0].Description);
    }

    [Fact]
    public void Memory_that_firmware_does_not_know_and_nothing_points_to_is_left_out_by_name()
    {
        string node = File("node", 48, (0x1_0000, BootParams(Map)), Lists(0, 0x20_0000));
        string module = File("module", 8, (0, new byte[1]));
        using MemoryImage image = MemoryImage.Open([node, module]);
        Assert.False(image.HasOneLayout);
        Assert.Equal(["module (8 MiB)"], image.Layouts[0].Unplaced);

        MemoryLayout placed = image.Layouts[0].Placing([new(new(0), 32 * MiB), new(new(FourGiB), 16 * MiB), new(new(0x1_4000_0000), 8 * MiB)])!;
        Assert.Empty(placed.Unplaced);
        Assert.Equal(new(new(0x1_4000_0000), 8 * MiB), placed.Memory.Ranges[^1]);

        // Of another size, or of its size twice: nothing tells.
        Assert.Null(image.Layouts[0].Placing([new(new(0x1_4000_0000), 16 * MiB)]));
        Assert.Null(image.Layouts[0].Placing([new(new(0x1_4000_0000), 8 * MiB), new(new(0x1_5000_0000), 8 * MiB)]));
    }

    [Fact]
    public void Modules_of_one_size_are_not_guessed()
    {
        string node = File("node", 48, (0x1_0000, BootParams(Map)), Lists(0, 0x20_0000));
        using MemoryImage image = MemoryImage.Open([node, File("one", 8), File("two", 8)]);
        Assert.Equal(["one (8 MiB)", "two (8 MiB)"], image.Layouts[0].Unplaced);
        Assert.Null(image.Layouts[0].Placing([new(new(0x1_4000_0000), 8 * MiB), new(new(0x1_5000_0000), 8 * MiB)]));
    }

    [Fact]
    public void Files_that_are_not_all_of_the_machines_memory_are_refused_with_what_its_map_says()
    {
        string node0 = File("node0", 24, (0x1_0000, BootParams(Map)), Lists(0, 0x20_0000));
        string message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open([node0, File("module", 8)])).Message;
        Assert.Contains("32 MiB from 0, 16 MiB from 0x100000000", message, StringComparison.Ordinal);
        message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open([File("x", 8), File("y", 8)])).Message;
        Assert.Contains("--ram-split", message, StringComparison.Ordinal);
        using MemoryImage said = MemoryImage.Open([File("x", 8), File("y", 8)], new(RamSplit: 12 * MiB));
        Assert.Equal([new(new(0), 12 * MiB), new(new(FourGiB), 4 * MiB)], said.Layouts[0].Memory.Ranges);
    }

    [Theory]
    [InlineData(0x202, 0)]
    [InlineData(0x1fe, 0)]
    [InlineData(0x1e8, 0)]
    [InlineData(0x1e8, 129)]
    [InlineData(0x2d0 + 7, 0xff)]
    [InlineData(0x2d0 + 15, 0xff)]
    [InlineData(0x2d0 + 16, 0)]
    public void What_is_no_map_is_not_read_as_one(int at, byte value)
    {
        byte[] bytes = BootParams(Map);
        Assert.NotNull(FirmwareMap.Read(bytes));
        bytes[at] = value;
        Assert.Null(FirmwareMap.Read(bytes));
        Assert.Null(FirmwareMap.Read(bytes.AsSpan(0, FirmwareMap.BootParamsBytes - 1)));
    }

    [Fact]
    public void Reserved_memory_inside_of_high_memory_is_RAM_and_a_window_far_above_is_not()
    {
        byte[] bytes = BootParams(
            [(0, 32 * MiB, 1), (FourGiB, 8 * MiB, 1), (FourGiB + (8 * MiB), MiB, 2), (FourGiB + (9 * MiB), 7 * MiB, 1), (0xfd_0000_0000, 3 * FourGiB, 2)]);
        string file = File("ram", 48, (MiB, bytes));
        using MemoryImage image = MemoryImage.Open(file);
        Assert.Equal([new(new(0), 32 * MiB), new(new(FourGiB), 16 * MiB)], image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void A_map_with_RAM_in_two_places_at_once_is_none_and_one_with_empty_lines_is_read_without_them()
    {
        Assert.Null(FirmwareMap.Read(BootParams([(0, 32 * MiB, 1), (FourGiB, 8 * MiB, 1), (FourGiB + MiB, 15 * MiB, 1)])));
        FirmwareMap map = FirmwareMap.Read(BootParams([(0, 32 * MiB, 1), (FourGiB, 0, 1), (FourGiB, 16 * MiB, 1)]))!;
        Assert.Equal([new(new(0), 32 * MiB), new(new(FourGiB), 16 * MiB)], map.Ram);
    }

    private string File(string name, ulong mebibytes, params (ulong Offset, byte[] Bytes)[] parts)
    {
        string path = Path.Combine(_directory.FullName, name);
        using FileStream file = System.IO.File.Create(path);
        file.SetLength((long)(mebibytes * MiB));
        foreach ((ulong offset, byte[] bytes) in parts)
        {
            file.Position = (long)offset;
            file.Write(bytes);
        }

        return path;
    }

    // Empty lists of a block whose first byte stands at an address.
    private static (ulong, byte[]) Lists(ulong block, ulong offset) => ListsAt(offset, block + offset);

    private static (ulong, byte[]) ListsAt(ulong offset, ulong physical) => SelfPointers(offset, DirectMap + physical);

    private static (ulong, byte[]) SelfPointers(ulong offset, ulong address)
    {
        byte[] page = new byte[4096];
        for (int i = 0; i < 40; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(i * 64), address + ((ulong)i * 64));
            BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan((i * 64) + 8), address + ((ulong)i * 64));
        }

        return (offset, page);
    }

    private static byte[] BootParams((ulong Start, ulong Length, uint Type)[] map)
    {
        byte[] bytes = new byte[FirmwareMap.BootParamsBytes];
        bytes[0x1e8] = (byte)map.Length;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(0x1fe), 0xaa55);
        "HdrS"u8.CopyTo(bytes.AsSpan(0x202));
        for (int i = 0; i < map.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(0x2d0 + (20 * i)), map[i].Start);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(0x2d0 + (20 * i) + 8), map[i].Length);
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(0x2d0 + (20 * i) + 16), map[i].Type);
        }

        return bytes;
    }
}
