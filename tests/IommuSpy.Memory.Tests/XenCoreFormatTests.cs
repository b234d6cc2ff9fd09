namespace IommuSpy.Memory.Tests;

public class XenCoreFormatTests
{
    private static readonly CpuState Cpu = CpuState.With(new(0xffff_ffff_8100_0000), new(0xffff_c900_0000_3f58), ("CR0", 0x8005_0033UL), ("CR3", 0x1234_5001UL),
        ("CR4", 0x3406f0UL));

    [Fact]
    public void Pages_stand_at_their_frame_numbers_whatever_their_order()
    {
        ulong[] frames = [0x10, 0x11, 0x12, ulong.MaxValue, 0x10_0001, 0x10_0000, 0x13, 3];
        using TemporaryFile file =
            TemporaryFile.With(new XenCoreBuilder { Frames = frames }.AddCpu(Cpu).AddCpu(Cpu with { Registers = Cpu.Registers.SetItem("CR3", 0x9000UL) })
                .Build(Page));
        using MemoryImage image = MemoryImage.Open(file.Path);
        PhysicalMemory memory = Assert.Single(image.Layouts).Memory;
        Assert.Equal("Xen core", image.Format);
        Assert.Equal([new(new(0x3000), 0x1000), new(new(0x1_0000), 0x4000), new(new(0x1_0000_0000), 0x2000)], memory.Ranges);
        Assert.Equal([Cpu, Cpu with { Registers = Cpu.Registers.SetItem("CR3", 0x9000UL) }], image.Cpus);
        byte[] page = new byte[PageFrame.Size];
        foreach (ulong frame in frames.Where(frame => frame != ulong.MaxValue))
        {
            Assert.Equal(page.Length, memory.Read(new PageFrame(frame).Address, page));
            Assert.Equal(Page(frame), page);
        }
    }

    [Fact]
    public void A_frame_that_stands_twice_is_one_page()
    {
        using TemporaryFile file = TemporaryFile.With(new XenCoreBuilder { Frames = [1, 2, 1, 2, 3] }.Build(Page));
        using MemoryImage image = MemoryImage.Open(file.Path);
        Assert.Equal([new(new(0x1000), 0x3000)], image.Layouts[0].Memory.Ranges);
    }

    [Fact]
    public void A_paravirtualized_guest_is_refused_by_name() =>
        ImageAssert.Refused(new XenCoreBuilder { Frames = [1, 2], Paravirtualized = true }.Build(Page), "paravirtualized");

    [Fact]
    public void Pages_of_another_size_are_refused() =>
        ImageAssert.Refused(new XenCoreBuilder { Frames = [1, 2], PageBytes = 16384 }.Build(Page), "16384");

    [Fact]
    public void Frame_numbers_of_more_than_52_bits_are_refused() =>
        ImageAssert.Refused(new XenCoreBuilder { Frames = [1, 1UL << 40] }.Build(Page), "52 bits");

    [Fact]
    public void A_core_of_unfilled_places_only_is_refused() =>
        ImageAssert.Refused(new XenCoreBuilder { Frames = [ulong.MaxValue] }.Build(Page), "no memory in it");

    [Fact]
    public void A_core_without_its_end_is_refused_because_its_frame_numbers_stand_there()
    {
        byte[] core = new XenCoreBuilder { Frames = [1, 2, 3, 4] }.Build(Page);
        foreach (int length in Enumerable.Range(64, core.Length - 64))
        {
            if (length % 97 == 0 || core.Length - length < 80)
            {
                ImageAssert.Refused(core[..length], "core");
            }
        }
    }

    [Fact]
    public void Runs_of_memory_are_limited()
    {
        using TemporaryFile file = TemporaryFile.With(new XenCoreBuilder { Frames = [.. Enumerable.Range(1, 64).Select(i => (ulong)i * 2)] }.Build(Page));
        ImageAssert.Refused(file.Path, new() { Limits = new() { MemoryRanges = 63 } }, "more than 63 runs");
        MemoryImage.Open(file.Path, new() { Limits = new() { MemoryRanges = 64 } }).Dispose();
    }

    private static byte[] Page(ulong frame)
    {
        byte[] page = new byte[PageFrame.Size];
        new Random((int)frame).NextBytes(page);
        return page;
    }
}
