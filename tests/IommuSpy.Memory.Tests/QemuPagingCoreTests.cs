using System.Buffers.Binary;

namespace IommuSpy.Memory.Tests;

/// <summary>QEMU's dump with paging: blocks stand whole one behind the other, and a program header ends with the block that it begins in.</summary>
public sealed class QemuPagingCoreTests
{
    private const int Page = PageFrame.Size;

    // Blocks of 3, 2 and 2 pages at 0, 0x3000 and 0x100000000; page n of the file is filled with n + 1.
    private static readonly byte[] Stored = [.. Enumerable.Range(0, 7 * Page).Select(i => (byte)((i / Page) + 1))];

    [Fact]
    public void A_mapping_that_goes_on_into_the_next_block_is_read_where_another_header_shows_that_the_blocks_touch()
    {
        // Of the direct map the first block alone, one page of the second block, the last block.
        using TemporaryFile file = Core((0, 0, 3, 5), (0x4000, 4, 1, 1), (0x1_0000_0000, 5, 2, 2));
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal([new(new(0), 5 * Page), new(new(0x1_0000_0000), 2 * Page)], memory.Ranges);
        Assert.Equal(0UL, memory.ExcludedBytes);
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(page => FirstByte(memory, (ulong)page * Page)));
        Assert.Equal([6, 7], Enumerable.Range(0, 2).Select(page => FirstByte(memory, 0x1_0000_0000 + ((ulong)page * Page))));
    }

    [Fact]
    public void Memory_between_two_mappings_of_touching_blocks_is_read_though_nothing_maps_it()
    {
        using TemporaryFile file = Core((0, 0, 1, 1), (0x4000, 4, 1, 1), (0x1_0000_0000, 5, 2, 2));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal([1, 2, 3, 4, 5], Enumerable.Range(0, 5).Select(page => FirstByte(image.Layouts[0].Memory, (ulong)page * Page)));
    }

    [Fact]
    public void A_mapping_whose_rest_no_other_header_places_is_refused_with_what_to_do()
    {
        // The second block may begin anywhere from 0x3000 on.
        using TemporaryFile file = Core((0, 0, 3, 5), (0x1_0000_0000, 5, 2, 2));
        string message = Assert.Throws<MemoryImageException>(() => MemoryImage.Open(file.Path)).Message;
        Assert.Contains("8 KiB", message, StringComparison.Ordinal);
        Assert.Contains("paging=false", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Headers_in_another_order_than_QEMU_writes_are_taken_as_they_are()
    {
        using TemporaryFile file = Core((0x1_0000_0000, 0, 2, 2), (0x4000, 4, 1, 1), (0, 5, 2, 2), (0x1_0000_3000, 3, 1, 1));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(
            [new(new(0), 2 * Page), new(new(0x4000), Page), new(new(0x1_0000_0000), 2 * Page), new(new(0x1_0000_3000), Page)],
            image.Layouts[0].Memory.Ranges);
    }

    private static byte FirstByte(PhysicalMemory memory, ulong at)
    {
        Span<byte> one = stackalloc byte[1];
        Assert.Equal(1, memory.Read(new(at), one));
        return one[0];
    }

    // A header for each mapping: its address, and, in pages, where in the file it points, how much that stores and how much it maps.
    private static TemporaryFile Core(params (ulong Address, int Offset, int Stored, int Mapped)[] mappings)
    {
        ElfCoreBuilder core = new();
        foreach ((ulong address, _, _, _) in mappings)
        {
            core.AddLoad(address, []);
        }

        byte[] file = core.AddNotes(ElfCoreBuilder.NoteBytes("QEMU", 0, [1, 2, 3, 4])).Build();
        for (int i = 0; i < mappings.Length; i++)
        {
            Write(i, 8, (ulong)(file.Length + (mappings[i].Offset * Page)));
            Write(i, 32, (ulong)(mappings[i].Stored * Page));
            Write(i, 40, (ulong)(mappings[i].Mapped * Page));
        }

        return TemporaryFile.With([.. file, .. Stored]);

        void Write(int header, int field, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(ElfCoreBuilder.FieldAt(header, field)), value);
    }
}
