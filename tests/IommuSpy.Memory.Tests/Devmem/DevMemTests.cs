using IommuSpy.Memory.Sources.Devmem;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Tests.Devmem;

/// <summary>On a file in /dev/mem's place, which tells nothing of what a kernel refuses: that is tested inside guests.</summary>
public sealed class DevMemTests : IDisposable
{
    private const int Length = 4 << 20;

    private readonly string _root = Directory.CreateTempSubdirectory("iommu-spy-test-").FullName;
    private readonly byte[] _bytes = new byte[Length];

    public DevMemTests()
    {
        new Random(5).NextBytes(_bytes);
        Put("dev/mem", _bytes);
        Put("proc/iomem",
            ("00001000-0009fbff : System RAM\n00100000-001fffff : System RAM\n  00110000-0011ffff : Kernel code\n"u8
                + "00200000-002fffff : PCI Bus 0000:00\n  00200000-00200fff : 0000:00:02.0\n    00200000-00200fff : nvme\n"u8
                + "00300000-003fffff : System RAM\n"u8).ToArray());
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData(AccessWidth.Bits8)]
    [InlineData(AccessWidth.Bits16)]
    [InlineData(AccessWidth.Bits32)]
    [InlineData(AccessWidth.Bits64)]
    public void Every_range_is_read_as_it_is_over_the_edges_of_memory_and_devices(AccessWidth width)
    {
        using DevMem device = DevMem.Open(new RunningFiles(_root));
        foreach (int edge in new[] { 0, 0x9fc00, 0x100000, 0x200000, 0x201000, 0x300000, Length })
        {
            for (int before = 0; before <= 9; before++)
            {
                int from = Math.Max(edge - before, 0);
                int to = Math.Min(edge + 9, Length);
                byte[] read = new byte[to - from];
                Assert.Equal(read.Length, device.Read(new((ulong)from), read, width, out string? refusal));
                Assert.Null(refusal);
                Assert.Equal(_bytes[from..to], read);
            }
        }

        byte[] all = new byte[Length];
        Assert.Equal(Length, device.Read(new(0), all, width, out _));
        Assert.Equal(_bytes, all);
    }

    [Fact]
    public void What_is_written_stands_in_the_file_and_nothing_else_does()
    {
        using DevMem device = DevMem.Open(new RunningFiles(_root), writable: true);
        foreach (AccessWidth width in Enum.GetValues<AccessWidth>())
        {
            // Over the edge of a page.
            foreach (int address in new[] { 0x5000, 0x150ffd, 0x200003 })
            {
                const ulong Value = 0x8877665544332211;
                Assert.True(device.TryWrite(new((ulong)address), Value, width, out string? refusal), refusal);
                BitConverter.GetBytes(Value).AsSpan(0, (int)width).CopyTo(_bytes.AsSpan(address));
            }
        }

        Assert.Equal(_bytes, File.ReadAllBytes(Path.Combine(_root, "dev/mem")));
    }

    [Fact]
    public void Addresses_are_named()
    {
        RunningFiles files = new(_root);
        Assert.Equal("Kernel code", DevMem.NameOf(files, new(0x110000)));
        Assert.Equal("nvme", DevMem.NameOf(files, new(0x200ffc)));
        Assert.Equal("PCI Bus 0000:00", DevMem.NameOf(files, new(0x201000)));
        Assert.Null(DevMem.NameOf(files, new(0x500000)));
        using DevMem device = DevMem.Open(files);
        Assert.True(device.IsMemory(new(0x110000)));
        Assert.False(device.IsMemory(new(0x200000)));
    }

    [Theory]
    [InlineData(0x150000, NativeFile.NotPermitted, false, "", "CONFIG_STRICT_DEVMEM): load su-devmem.ko, or read it with -s kcore")]
    [InlineData(0x150000, NativeFile.InvalidArgument, true, "", "CONFIG_STRICT_DEVMEM): load su-devmem.ko with write=1")]
    [InlineData(0x200000, NativeFile.NotPermitted, false, "", "for the driver of nvme (CONFIG_IO_STRICT_DEVMEM)")]
    [InlineData(0x150000, NativeFile.NotPermitted, false, "Y", "su-devmem is loaded for 0x1000-0x1fff alone")]
    [InlineData(0x150000, NativeFile.NotPermitted, true, "N", "su-devmem is loaded for reading alone: load it with write=1")]
    [InlineData(0x150000, NativeFile.BadAddress, false, "Y", "taken out of the direct map")]
    [InlineData(0x900000, NativeFile.BadAddress, false, "", "there is no memory at this address")]
    [InlineData(0x900000, NativeFile.InvalidArgument, false, "", "no physical address of this machine is so high")]
    public void A_refusal_says_which_rule_and_what_would_help(ulong address, int error, bool writing, string write, string expected)
    {
        if (write.Length > 0)
        {
            Put("sys/module/su_devmem/parameters/write", System.Text.Encoding.ASCII.GetBytes(write + "\n"));
            Put("sys/module/su_devmem/parameters/start", "4096\n"u8.ToArray());
            Put("sys/module/su_devmem/parameters/end", "8191\n"u8.ToArray());
        }

        RunningFiles files = new(_root);
        string said = new DevMemRefusal(files, IomemEntry.Parse(files.Text("proc/iomem")!)).Of(new(address), error, writing);
        Assert.Contains(expected, said, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', said);
    }

    [Fact]
    public void Where_there_is_none_it_is_said_in_one_line()
    {
        File.Delete(Path.Combine(_root, "dev/mem"));
        MemoryImageException error = Assert.Throws<MemoryImageException>(() => DevMem.Open(new RunningFiles(_root)));
        Assert.EndsWith("there is none: this kernel is built without CONFIG_DEVMEM; use -s kcore", error.Message, StringComparison.Ordinal);
        Put("sys/class/mem/mem/dev", "1:1\n"u8.ToArray());
        error = Assert.Throws<MemoryImageException>(() => DevMem.Open(new RunningFiles(_root)));
        Assert.Contains("mknod", error.Message, StringComparison.Ordinal);
    }

    private void Put(string path, byte[] content)
    {
        string whole = Path.Combine(_root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
        File.WriteAllBytes(whole, content);
    }
}
