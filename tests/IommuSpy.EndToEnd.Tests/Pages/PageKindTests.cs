using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Frames;
using IommuSpy.Analysis.Pages;
using IommuSpy.Lab;
using IommuSpy.Linux.Pages;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>What each page is used for, and whose it is, against what the guest says of its processes' pages.</summary>
public class PageKindTests
{
    // Documentation/admin-guide/mm/pagemap.rst.
    private const ulong PresentBit = 1UL << 63;
    private const ulong FrameMask = (1UL << 55) - 1;
    private const int PageBytes = 4096;

    /// <summary>/proc/PID/maps names the file, the inode and the offset of each mapping; pagemap the page. Each such page says the same of itself.</summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_mapped_page_knows_its_file_and_its_place_in_it_or_its_process(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        int files = 0;
        int anonymous = 0;
        int hugetlb = 0;
        foreach (GuestProcess process in Guests.Capture(guest).Processes)
        {
            Dictionary<ulong, ulong> frames = process.Pagemap().Where(page => (page.Entry & PresentBit) != 0)
                .ToDictionary(page => page.Address, page => page.Entry & FrameMask);
            foreach (string line in File.ReadLines(Guests.Capture(guest).GuestOracle($"proc/{process.Pid}/maps")))
            {
                // pagemap calls a PROT_NONE page present; for the hardware it is not, so nobody maps it.
                string[] words = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
                ulong start = Hex(words[0][..words[0].IndexOf('-', StringComparison.Ordinal)]);
                ulong end = Hex(words[0][(words[0].IndexOf('-', StringComparison.Ordinal) + 1)..]);
                ulong inode = ulong.Parse(words[4], CultureInfo.InvariantCulture);
                for (ulong address = start; address < end; address += PageBytes)
                {
                    if (words[1].StartsWith("---", StringComparison.Ordinal) || !frames.TryGetValue(address, out ulong frame)
                        || (words.Length > 5 && words[5] is "[vdso]" or "[vvar]" or "[vvar_vclock]"))
                    {
                        continue;
                    }

                    // Of 1 GiB of hugetlbfs every page says the same.
                    if (machine.PageKinds.Required.KindOf(new(frame)) == PageKind.Hugetlb && hugetlb++ % 64 != 0)
                    {
                        continue;
                    }

                    PageReport page = PageReport.Of(machine, new(frame));
                    switch (page.Kind)
                    {
                        case PageKind.File when page.File!.FileSystem == "bdev":
                            // A device's own blocks belong to an inode that no directory names; maps shows the node in /dev.
                            files++;
                            Assert.StartsWith("/dev/", words[5], StringComparison.Ordinal);
                            Assert.Equal(Hex(words[2]) + (address - start), page.FileOffset!.Value.Value);
                            break;
                        case PageKind.File:
                            files++;
                            Assert.Equal(inode, page.File!.Inode);
                            Assert.Equal(Hex(words[2]) + (address - start), page.FileOffset!.Value.Value);
                            Assert.EndsWith(page.File.Path ?? (GuestMachine.IsDescribed(guest) ? "no path" : ""),
                                words[5].Replace(" (deleted)", "", StringComparison.Ordinal).Replace("/memfd:", "memfd:", StringComparison.Ordinal),
                                StringComparison.Ordinal);
                            break;
                        case PageKind.Anonymous or PageKind.Ksm:
                            anonymous++;
                            Assert.Contains($"[{process.Pid}]", Owners(machine, page), StringComparison.Ordinal);
                            break;
                        case PageKind.Hugetlb:
                            Assert.Equal("hugetlbfs", page.File?.FileSystem ?? "hugetlbfs");
                            break;
                        default:
                            Assert.Equal(PageKind.Zero, page.Kind);
                            break;
                    }
                }
            }
        }

        Assert.True(files > 100 && anonymous > 1000 && hugetlb > 100, $"{files} pages of files, {anonymous} anonymous, {hugetlb} of hugetlbfs");
    }

    /// <summary>The kernel's own flags and our use of them say the same of every page.</summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Kinds_agree_with_the_kernels_flags(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Dictionary<PageKind, int> seen = [];
        PageList.Visit(machine, new(new(0), new(ulong.MaxValue >> 12), WithOwners: false), row =>
        {
            seen[row.Kind] = seen.GetValueOrDefault(row.Kind) + 1;
            PageKind? expected = row.StableFlags switch
            {
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Buddy) => PageKind.Free,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Slab) => PageKind.Slab,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Huge) => PageKind.Hugetlb,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Pgtable) => PageKind.PageTable,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.ZeroPage) => PageKind.Zero,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Anonymous | StablePageFlags.Mmap) => PageKind.Anonymous,
                StablePageFlags flags when flags.HasFlag(StablePageFlags.Lru) && !flags.HasFlag(StablePageFlags.Anonymous) => PageKind.File,
                _ => null,
            };
            if (expected is not null && row.Kind != expected)
            {
                Assert.Fail($"{row.Frame}: {row.Kind}, but the kernel's flags are {row.StableFlags}");
            }
        });

        foreach (PageKind kind in new[] { PageKind.Free, PageKind.FreeCached, PageKind.Slab, PageKind.PageTable, PageKind.Anonymous, PageKind.File,
            PageKind.Vmalloc, PageKind.KernelImage, PageKind.Memmap, PageKind.PerCpu })
        {
            Assert.True(seen.GetValueOrDefault(kind) > 0, $"no page is {kind}");
        }

        // Two CPUs, and the struct pages of all memory.
        Assert.True(seen[PageKind.Memmap] * 64 >= (int)machine.Parts.Pages.Required.Array.Sections.Count * PageSection.Frames / 2);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Swap_devices_are_those_of_proc_swaps(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        string[][] theirs =
            [.. File.ReadLines(Guests.Capture(guest).GuestOracle("swaps")).Skip(1)
                .Select(line => line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries))];
        Assert.NotEmpty(theirs);
        Assert.Equal(
            theirs.Select(line =>
                (line[1] == "file", ulong.Parse(line[2], CultureInfo.InvariantCulture), ulong.Parse(line[3], CultureInfo.InvariantCulture),
                    int.Parse(line[4], CultureInfo.InvariantCulture))),
            machine.Parts.SwapDevices.Required.Select(device => (device.IsFile, device.Pages * 4, device.Used!.Value * 4, device.Priority)));
        Assert.All(machine.Parts.SwapDevices.Required.Zip(theirs), pair => Assert.EndsWith(pair.First.Name!, pair.Second[0], StringComparison.Ordinal));
    }

    // More processes than the owner names may map a page.
    private static string Owners(Machine machine, PageReport page) =>
        string.Join(' ',
            machine.ReverseMap.MappersOf(page.Pfn).Where(mapper => mapper.Root is not null).SelectMany(mapper => machine.Parts.OwnersOf(mapper.Root!.Value))
                .Select(owner => $"[{owner.Pid}]"));

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
