using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Tests;

/// <summary>A raw file of a machine whose RAM does not begin at 0 is placed by the device tree that the boot loader left in it.</summary>
public sealed class DeviceTreeTests
{
    private const ulong Start = 0x8000_0000;
    private const int Pages = 64;

    [Fact]
    public void Memory_is_where_the_tree_has_it()
    {
        using TemporaryFile file = Raw(Tree(2, (Start, Pages / 2 * 0x1000UL), (Start + 0x1000_0000, Pages / 2 * 0x1000UL)));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal(
            [new(new(Start), Pages / 2 * 0x1000UL), new PhysicalRange(new(Start + 0x1000_0000), Pages / 2 * 0x1000UL)], image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void Cells_of_one_word_are_read_too()
    {
        using TemporaryFile file = Raw(Tree(1, (0x4000_0000, Pages * 0x1000UL)));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal("RAM from 0x40000000", image.Layouts[0].Description);
    }

    [Fact]
    public void A_tree_of_other_memory_places_nothing()
    {
        using TemporaryFile file = Raw(Tree(2, (Start, 0x10_0000)));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal("file offset is physical address", image.Layouts[0].Description);
        Assert.Equal(["RAM from 0x40000000", "RAM from 0x80000000"], image.OtherLayouts.Select(layout => layout.Description));
    }

    /// <summary>Whatever is cut or spoiled in a tree, it is none, or describes memory as well as it can.</summary>
    [Fact]
    public void Spoiled_trees_are_read_without_harm()
    {
        byte[] tree = Tree(2, (Start, Pages * 0x1000UL));
        for (int i = 0; i < tree.Length; i++)
        {
            foreach (byte value in (byte[])[0, 0x7f, 0xff])
            {
                byte[] spoiled = [.. tree];
                spoiled[i] = value;
                using TemporaryFile file = Raw(spoiled);
                using MemoryImage image = MemoryImage.Open(file.Path);
                Assert.Equal(Pages * 0x1000UL, image.Layouts[0].Memory.ByteCount);
            }
        }
    }

    private static TemporaryFile Raw(byte[] tree)
    {
        byte[] bytes = new byte[Pages * 0x1000];
        tree.CopyTo(bytes, 0x5008);
        return TemporaryFile.With(bytes);
    }

    private static byte[] Tree(int cells, params (ulong Start, ulong Length)[] memory)
    {
        List<byte> structure = [];
        const string Strings = "#address-cells\0#size-cells\0device_type\0reg\0";
        Begin("");
        Property("#address-cells", Words(1, (ulong)cells));
        Property("#size-cells", Words(1, (ulong)cells));
        Begin("memory@0");
        Property("device_type", Encoding.ASCII.GetBytes("memory\0"));
        Property("reg", [.. memory.SelectMany(range => Words(cells, range.Start, range.Length))]);
        Add(2, 2, 9);
        byte[] header = new byte[40];
        uint[] fields = [0xd00dfeed, (uint)(40 + structure.Count + Strings.Length), 40, (uint)(40 + structure.Count), 0, 17, 16, 0, (uint)Strings.Length,
            (uint)structure.Count];
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(i * sizeof(uint)), fields[i]);
        }

        return [.. header, .. structure, .. Encoding.ASCII.GetBytes(Strings)];

        void Begin(string name)
        {
            Add(1);
            structure.AddRange(Encoding.ASCII.GetBytes(name + '\0'));
            Pad();
        }

        void Property(string name, byte[] value)
        {
            Add(3, (uint)value.Length, (uint)Strings.IndexOf(name + '\0', StringComparison.Ordinal));
            structure.AddRange(value);
            Pad();
        }

        void Add(params uint[] words) => structure.AddRange(words.SelectMany(word => Words(1, word)));

        void Pad()
        {
            while (structure.Count % sizeof(uint) != 0)
            {
                structure.Add(0);
            }
        }
    }

    private static byte[] Words(int cells, params ulong[] numbers) =>
        [.. numbers.SelectMany(number => Enumerable.Range(0, cells).SelectMany(i =>
        {
            byte[] word = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32BigEndian(word, (uint)(number >> ((cells - 1 - i) * 32)));
            return word;
        }))];
}
