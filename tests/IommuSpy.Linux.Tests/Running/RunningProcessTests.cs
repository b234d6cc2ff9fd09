using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Running;

namespace IommuSpy.Linux.Tests.Running;

public class RunningProcessTests
{
    private const ulong Start = 0x40_0000;
    private const ulong Present = 1UL << 63;
    private const string Maps = "00400000-00405000 rw-p 00000000 00:00 0 \n7fff00000000-7fff00001000 r-xs 00002000 103:01 77    /a file/with "
        + "blanks\nffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n";

    [Fact]
    public void Every_entry_is_decoded()
    {
        using FakeMachine machine = Machine(
            Present | (1UL << 56) | 0x1234,
            Present | (1UL << 61) | (1UL << 55) | 0x5678,
            (1UL << 62) | (0x77UL << 5) | 3,
            (1UL << 58),
            0);
        using RunningProcess process = RunningProcess.Open(machine.Files, 5);
        Assert.Equal(
            [
                new(new(Start), true, new(0x123_4000), null, null, false, true, false, false, false),
                new(new(Start + 0x1000), true, new(0x567_8000), null, null, true, false, true, false, false),
                new(new(Start + 0x2000), false, null, 3, 0x77, false, false, false, false, false),
                new(new(Start + 0x3000), false, null, null, null, false, false, false, false, true),
                new PagemapPage(new(Start + 0x4000), false, null, null, null, false, false, false, false, false),
            ],
            Pages(process, 0, 0x4f_ffff));
        Assert.Equal(new(0x123_4000), process.PageAt(new(Start + 0x123))!.Value.Physical);
        Assert.Equal("/a file/with blanks", process.AreaAt(new(0x7fff_0000_0fff))!.Name);
        Assert.Equal("r-xs", process.AreaAt(new(0x7fff_0000_0000))!.Rights);
        Assert.Null(process.AreaAt(new(Start + 0x5000)));
    }

    [Fact]
    public void A_range_is_whole_pages()
    {
        using FakeMachine machine = Machine(Present | 1, Present | 2, Present | 3, Present | 4, Present | 5);
        using RunningProcess process = RunningProcess.Open(machine.Files, 5);
        Assert.Equal([new(0x2000), new(0x3000)], Pages(process, Start + 0x1fff, Start + 0x2000).Select(page => page.Physical!.Value));
    }

    [Fact]
    public void Frames_that_are_hidden_are_no_frames()
    {
        using FakeMachine machine = Machine(Present, Present, 0, 0, 0).With("proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000000\n");
        using RunningProcess process = RunningProcess.Open(machine.Files, 5);
        Assert.False(process.SeesFrames);
        Assert.Equal([true, true, false, false, false], Pages(process, 0, 0x4f_ffff).Select(page => page.Present));
        Assert.All(Pages(process, 0, 0x4f_ffff), page => Assert.Null(page.Physical));
    }

    [Fact]
    public void Until_4_1_the_page_shift_is_no_flag()
    {
        const ulong Shift = 12UL << 55;
        using FakeMachine machine = Machine(Shift, Present | Shift | 0x99, Shift | (1UL << 62) | (4UL << 5), Shift, Shift);
        using RunningProcess process = RunningProcess.Open(machine.Files, 5);
        PagemapPage[] pages = Pages(process, Start, Start + 0x2fff);
        Assert.Equal(new(0x9_9000), pages[1].Physical);
        Assert.Equal(4UL, pages[2].SwapOffset);
        Assert.All(pages, page => Assert.Equal((false, null, false, false), (page.SoftDirty, page.Exclusive, page.WriteProtected, page.Guard)));
    }

    [Fact]
    public void A_process_that_ends_meanwhile_is_told_of()
    {
        using FakeMachine machine = Machine(Present | 1);
        using RunningProcess process = RunningProcess.Open(machine.Files, 5);
        Assert.False(process.Visit(new(0), new(ulong.MaxValue), (_, _) => { }));
    }

    [Fact]
    public void What_there_is_not_is_one_line()
    {
        using FakeMachine machine = Machine(0).With("proc/6/stat", "6 (kthreadd) S").With("proc/6/maps", "");
        Assert.Contains("no process has the number 4", Refusal(4), StringComparison.Ordinal);
        Assert.Contains("kernel thread", Refusal(6), StringComparison.Ordinal);

        string Refusal(int pid) => Assert.Throws<RunningProcessException>(() => RunningProcess.Open(machine.Files, pid)).Message;
    }

    private static FakeMachine Machine(params ulong[] entries) => new FakeMachine()
        .With("proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n")
        .With("proc/5/stat", "5 (test) S 1")
        .With("proc/5/maps", Maps)
        .With("proc/5/pagemap", ((long)(Start >> 12) * sizeof(ulong), [.. entries.SelectMany(BitConverter.GetBytes)]));

    private static PagemapPage[] Pages(RunningProcess process, ulong first, ulong last)
    {
        List<PagemapPage> pages = [];
        process.Visit(new(first), new(last), (_, page) => pages.Add(page));
        return [.. pages];
    }
}
