using IommuSpy.Memory.Sources.Live;

namespace IommuSpy.Memory.Tests.Live;

public class KcoreSourceTests
{
    private const ulong DirectMap = 0xffff_8c6b_4000_0000;
    private const ulong NoPhysical = ulong.MaxValue;
    private const string Iomem = "00000000-00000fff : Reserved\n00001000-00002fff : System RAM\n00010000-00012fff : System RAM\n  00011000-00011fff : Kernel "
        + "code\n00012000-fed8ffff : PCI Bus 0000:00\n";

    [Fact]
    public void Since_4_11_the_kernel_says_which_segments_are_memory()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", Iomem)
            .With("proc/kcore", new ElfCoreBuilder()
                .AddLoad(0x11000, Page(9), virtualAddress: 0xffff_ffff_8100_0000)
                .AddLoad(NoPhysical, Page(8), memoryBytes: 0x1fff_ffff_ffff, virtualAddress: 0xffff_cd51_0000_0000)
                .AddLoad(0x1000, [.. Page(1), .. Page(2)], virtualAddress: DirectMap + 0x1000)
                .AddLoad(NoPhysical, Page(7), virtualAddress: 0xffff_f641_4000_0000)
                .AddLoad(0x10000, [.. Page(3), .. Page(4), .. Page(5)], virtualAddress: DirectMap + 0x10000)
                .Build());
        using MemoryImage image = Open(machine);
        Pages(image, (0x1000, 1), (0x2000, 2), (0x10000, 3), (0x11000, 4), (0x12000, 5));
    }

    [Fact]
    public void Before_4_11_the_direct_map_is_where_all_System_RAM_has_segments_of_its_lengths()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", Iomem)
            .With("proc/kcore", new ElfCoreBuilder()
                .AddLoad(0, Page(8), memoryBytes: 0x1fff_ffff_ffff, virtualAddress: 0xffff_c900_0000_0000)
                .AddLoad(0, Page(9), memoryBytes: 0x1e00_0000, virtualAddress: 0xffff_ffff_8100_0000)
                .AddLoad(0, [.. Page(1), .. Page(2)], virtualAddress: 0xffff_8800_0000_1000)
                .AddLoad(0, [.. Page(7), .. Page(7)], virtualAddress: 0xffff_ea00_0000_1000)
                .AddLoad(0, [.. Page(3), .. Page(4), .. Page(5)], virtualAddress: 0xffff_8800_0001_0000)
                .Build());
        using MemoryImage image = Open(machine);
        Pages(image, (0x1000, 1), (0x2000, 2), (0x10000, 3), (0x11000, 4), (0x12000, 5));
    }

    [Fact]
    public void Before_4_11_two_places_that_fit_are_refused()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00001000-00002fff : System RAM\n")
            .With("proc/kcore", new ElfCoreBuilder()
                .AddLoad(0, [.. Page(1), .. Page(2)], virtualAddress: 0xffff_8800_0000_1000)
                .AddLoad(0, [.. Page(3), .. Page(4)], virtualAddress: 0xffff_ea00_0000_1000)
                .Build());
        Assert.Contains("several places", Assert.Throws<MemoryImageException>(() => Open(machine)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Before_4_11_zeros_in_iomem_are_refused_with_what_helps()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00000000-00000000 : System RAM\n00000000-00000000 : System RAM\n")
            .With("proc/kcore", new ElfCoreBuilder().AddLoad(0, Page(1), virtualAddress: 0xffff_8800_0000_1000).Build());
        Assert.Contains("CAP_SYS_ADMIN", Assert.Throws<MemoryImageException>(() => Open(machine)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Since_4_11_zeros_in_iomem_do_no_harm()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00000000-00000000 : System RAM\n")
            .With("proc/kcore", new ElfCoreBuilder().AddLoad(0x1000, Page(1), virtualAddress: DirectMap + 0x1000).Build());
        using MemoryImage image = Open(machine);
        Pages(image, (0x1000, 1));
    }

    [Fact]
    public void A_segment_that_has_lost_memory_since_is_cut_to_System_RAM()
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", "00001000-00001fff : System RAM\n00003000-00003fff : System RAM\n")
            .With("proc/kcore", new ElfCoreBuilder().AddLoad(0x1000, [.. Page(1), .. Page(2), .. Page(3)], virtualAddress: DirectMap + 0x1000).Build());
        using MemoryImage image = Open(machine);
        Pages(image, (0x1000, 1), (0x3000, 3));
    }

    [Fact]
    public void A_page_that_does_not_read_is_the_only_one_that_is_missing()
    {
        // The file ends inside the second page, which a read cannot tell from one that the kernel refuses.
        using FakeMachine machine = new FakeMachine()
            .With("proc/iomem", Iomem)
            .With("proc/kcore",
                new ElfCoreBuilder().AddLoad(0x10000, [.. Page(3), .. Page(4)], memoryBytes: 0x3000, virtualAddress: DirectMap + 0x10000).Build());
        using MemoryImage image = Open(machine);
        byte[] bytes = new byte[0x3000];
        Assert.Equal(0x2000, image.Layouts[0].Memory.Read(new(0x10000), bytes));
    }

    [Fact]
    public void What_both_ways_lack_is_one_line()
    {
        using FakeMachine machine = new FakeMachine().With("proc/self/status", "Name:\tx\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n");
        string message = Assert.Throws<MemoryImageException>(() => RunningMachine.Open(RunningMachine.Live, machine.Files)).Message;
        Assert.Contains("sudo", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("[none] integrity confidentiality", null)]
    [InlineData("none [integrity] confidentiality", null)]
    [InlineData("none integrity [confidentiality]", "lockdown")]
    public void Lockdown_at_confidentiality_refuses_root_too(string lockdown, string? expected)
    {
        using FakeMachine machine = new FakeMachine()
            .With("proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n")
            .With("sys/kernel/security/lockdown", lockdown + "\n");
        string? refusal = Systems.Privileges.Of(machine.Files).Refusal;
        Assert.Equal(expected is null, refusal is null);
        Assert.Contains(expected ?? "", refusal ?? "", StringComparison.Ordinal);
    }

    private static MemoryImage Open(FakeMachine machine) => RunningMachine.Open(RunningMachine.Kcore, machine.Files)!;

    private static byte[] Page(byte value)
    {
        byte[] page = new byte[PageFrame.Size];
        page.AsSpan().Fill(value);
        return page;
    }

    private static void Pages(MemoryImage image, params (ulong Address, byte Value)[] expected)
    {
        PhysicalMemory memory = image.Layouts[0].Memory;
        Assert.Equal((ulong)expected.Length * PageFrame.Size, memory.ByteCount);
        foreach ((ulong address, byte value) in expected)
        {
            byte[] page = new byte[PageFrame.Size];
            Assert.Equal(page.Length, memory.Read(new(address), page));
            Assert.Equal(Page(value), page);
        }
    }
}
