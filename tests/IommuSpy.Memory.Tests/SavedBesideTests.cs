using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Tests;

/// <summary>Raw memory files whose layout stands in a state saved beside them, and VirtualBox's cores.</summary>
public sealed class SavedBesideTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("vm.vmss", 0xbed2_bed2)]
    [InlineData("vm.vmsn", 0xbed3_bed3)]
    [InlineData("vm.vmss", 0xbed2_bed0)]
    public void VMware_says_where_each_region_of_the_memory_file_belongs(string state, uint magic)
    {
        string memory = Memory("vm.vmem");
        Save(state, VmwareState(magic, (0, 0, 2), (0x100, 2, 3), (0x10_0000, 5, 3)));
        AssertRegions(memory, (0, 0, 2), (0x100, 2, 3), (0x10_0000, 5, 3));

        // A real state file holds devices and the screen too: more than a page.
        Save(state, [.. VmwareState(magic, (0, 0, 2), (0x100, 2, 3), (0x10_0000, 5, 3)), .. new byte[2 * PageFrame.Size]]);
        ImageAssert.Refused(Path.Combine(_directory.FullName, state), null, "name the memory file (.vmem)");
    }

    [Fact]
    public void A_VMware_state_that_does_not_fit_its_memory_is_not_believed()
    {
        string memory = Memory("vm.vmem");
        Save("vm.vmss", VmwareState(0xbed2_bed2, (0, 0, 2), (1, 2, 3)));
        using MemoryImage overlapping = MemoryImage.Open(memory);
        Assert.Equal("file offset is physical address", overlapping.Layouts[0].Description);
        Save("vm.vmss", VmwareState(0xbed2_bed2, (0, 0, 20)));
        using MemoryImage longer = MemoryImage.Open(memory);
        Assert.Equal("file offset is physical address", longer.Layouts[0].Description);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Cloud_Hypervisor_says_it_in_its_state(bool inString)
    {
        string memory = Memory("memory-ranges");
        string mappings =
            """{"guest_ram_mappings":[{"slot":0,"gpa":0,"size":8192,"zone_id":"mem0","file_offset":0},"""
                + """{"slot":1,"gpa":4294967296,"size":24576,"file_offset":8192}]}""";
        string json = inString ? System.Text.Json.JsonSerializer.Serialize(mappings) : mappings;
        Save("state.json", Encoding.UTF8.GetBytes("{\"id\":\"\",\"snapshots\":{\"memory-manager\":{\"snapshot_data\":{\"state\":" + json + "}}}}"));
        AssertRegions(memory, (0, 0, 2), (0x10_0000, 2, 6));
        Save("state.json", "{ not json"u8.ToArray());
        using MemoryImage image = MemoryImage.Open(memory);
        Assert.Equal("file offset is physical address", image.Layouts[0].Description);
    }

    [Fact]
    public void VirtualBox_has_registers_and_ranges_of_devices_that_are_no_memory()
    {
        byte[] cpu = new byte[600];
        BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(14 * 8), 0xffff_ffff_8100_0000);
        BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(15 * 8), 0xffff_8880_0000_1000);
        BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(288), 0x8005_0033);
        BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(304), 0x1234_5000);
        BinaryPrimitives.WriteUInt64LittleEndian(cpu.AsSpan(312), 0x6f0);
        byte[] elf = new ElfCoreBuilder()
            .AddNotes(ElfCoreBuilder.NoteBytes("VBCORE", 0xb00, new byte[24]), ElfCoreBuilder.NoteBytes("VBCPU", 0xb01, cpu))
            .AddLoad(0, new byte[0x2000])
            .AddLoad(0xe000_0000, [], 0x10_0000)
            .AddLoad(0xffff_f000, new byte[0x1000])
            .Build();
        string path = Save("core", elf);
        using MemoryImage image = MemoryImage.Open(path);
        Assert.Equal([new(new(0), 0x2000), new(new(0xffff_f000), 0x1000)], image.Layouts[0].Memory.Ranges);
        Assert.Equal(CpuState.With(new(0xffff_ffff_8100_0000), new(0xffff_8880_0000_1000), ("CR0", 0x8005_0033UL), ("CR3", 0x1234_5000UL), ("CR4", 0x6f0UL)),
            Assert.Single(image.Cpus));
    }

    private static void AssertRegions(string path, params (ulong Page, ulong Place, ulong Pages)[] regions)
    {
        using MemoryImage image = MemoryImage.Open(path);
        MemoryLayout layout = Assert.Single(image.Layouts);
        Assert.Equal("regions of the state saved beside it", layout.Description);
        Assert.Equal((ulong)regions.Sum(region => (long)region.Pages) << PageFrame.Shift, layout.Memory.ByteCount);
        foreach ((ulong page, ulong place, ulong pages) in regions)
        {
            for (ulong i = 0; i < pages; i++)
            {
                Assert.True(layout.Memory.TryRead(new PageFrame(page + i).Address, out ulong number));
                Assert.Equal(place + i, number);
            }

            Assert.False(layout.Memory.Contains(new PageFrame(page + pages).Address));
        }
    }

    private string Memory(string name)
    {
        byte[] bytes = new byte[8 * PageFrame.Size];
        for (int page = 0; page < 8; page++)
        {
            bytes[page * PageFrame.Size] = (byte)page;
        }

        return Save(name, bytes);
    }

    private string Save(string name, byte[] bytes)
    {
        string path = Path.Combine(_directory.FullName, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    private static byte[] VmwareState(uint magic, params (ulong Page, ulong Place, ulong Pages)[] regions)
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(magic);
        writer.Write(8);
        writer.Write(2);
        foreach ((string name, ulong at) in new[] { ("Checkpoint", 500UL), ("memory", 172UL) })
        {
            byte[] group = new byte[80];
            Encoding.ASCII.GetBytes(name, group);
            BinaryPrimitives.WriteUInt64LittleEndian(group.AsSpan(64), at);
            writer.Write(group);
        }

        void Tag(string name, ulong value, int bytes, uint? index = null)
        {
            writer.Write((byte)(bytes | (index is null ? 0 : 1 << 6)));
            writer.Write((byte)name.Length);
            writer.Write(Encoding.ASCII.GetBytes(name));
            if (index is uint number)
            {
                writer.Write(number);
            }

            writer.Write(BitConverter.GetBytes(value)[..bytes]);
        }

        Tag("align_mask", 0xffff, 4);

        // A value behind sizes of its own is passed over.
        writer.Write((byte)62);
        writer.Write((byte)4);
        writer.Write("blob"u8);
        foreach (ulong size in new[] { 5UL, 5UL })
        {
            writer.Write(BitConverter.GetBytes(size)[..(magic == 0xbed2_bed0 ? 4 : 8)]);
        }

        writer.Write((ushort)0);
        writer.Write("12345"u8);
        Tag("regionsCount", (ulong)regions.Length, 4);
        for (uint i = 0; i < regions.Length; i++)
        {
            Tag("regionPPN", regions[i].Page, 4, i);
            Tag("regionPageNum", regions[i].Place, 4, i);
            Tag("regionSize", regions[i].Pages, 4, i);
        }

        writer.Write((ushort)0);
        return stream.ToArray();
    }
}
