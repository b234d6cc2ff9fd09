using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Processes;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// A guest whose memory is several blocks: two nodes around a hole that begins at 512 MiB, and a module that firmware does not know. The kernel's image stands
/// beyond the hole, and the first process in the module. Whatever says nothing of places is read as the dump that says it.
/// </summary>
public sealed class SeveralBlocksTests : IDisposable
{
    private const string AllFiles = "files of nodes and module";
    private const string AllFilesBackwards = "the same in the wrong order";
    private const string OneFile = "one file behind the other";

    private static readonly Lazy<Capture> Guest = new(() => Captures.Ensure(
        new()
        {
            Kernel = "6.1",
            Memory = MemorySize.Mebibytes(640),
            MachineProperties = "max-ram-below-4g=512M",
            Nodes = new([MemorySize.Mebibytes(384), MemorySize.Mebibytes(256)]),
            Dimms = new([MemorySize.Mebibytes(128)]),
            MoreImages = new([Capture.PagingDump, Capture.SavedState]),
            Append = "memhp_default_state=online",
        },
        line => TestContext.Current.SendDiagnosticMessage($"lab: {line}")));

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <summary>Each image of the guest's memory but the dump that they are compared with.</summary>
    public static TheoryData<string> Images => [Capture.PagingDump, Capture.SavedState, "dump.kdump", AllFiles, AllFilesBackwards, OneFile];

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_page_of_the_guests_memory_is_the_dumps(string image)
    {
        using MemoryImage dump = MemoryImage.Open(Guest.Value.ElfDump);
        using Machine machine = Machine.In(MemoryImage.Open(Files(image)));
        PhysicalMemory expected = dump.Layouts[0].Memory;
        PhysicalMemory found = machine.Kernel.Memory;
        byte[] page = new byte[PageFrame.Size];
        byte[] same = new byte[PageFrame.Size];
        PhysicalRange[] ram = Ram();
        Assert.Contains(ram, range => range.Start.Value == 0x1_4000_0000);
        foreach (PhysicalRange range in expected.Ranges)
        {
            for (PhysicalAddress at = range.Start; at.CompareTo(range.Last) < 0; at += PageFrame.Size)
            {
                // What firmware keeps for itself is not in every image.
                Assert.True(found.Contains(at) || !ram.Any(run => run.Contains(at)), $"{at} is missing");
                if (found.Contains(at))
                {
                    Assert.Equal((PageFrame.Size, PageFrame.Size), (expected.Read(at, page), found.Read(at, same)));
                    Assert.True(page.AsSpan().SequenceEqual(same), $"the page at {at} differs");
                }
            }
        }

        Assert.All(found.Ranges, range => Assert.True(expected.IsMemory(range.Start) && expected.IsMemory(range.Last)));
        AssertFacts(machine);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_command_says_what_it_says_of_the_dump(string image)
    {
        Assert.Equal(Answer("ps", [Guest.Value.ElfDump]), Answer("ps", Files(image)));
        Assert.Equal(Answer("vmas 1", [Guest.Value.ElfDump]), Answer("vmas 1", Files(image)));
        string banner = Answer("read linux_banner --length 64", [Guest.Value.ElfDump]);
        Assert.Equal(banner, Answer("read linux_banner --length 64", Files(image)));
        Assert.Contains("0x0000000140000000", Answer("info", Files(image)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_processes_of_the_dump_are_the_guests()
    {
        using Machine machine = Machine.In(MemoryImage.Open(Guest.Value.ElfDump));
        ProcessList list = ProcessList.Of(machine);
        Assert.Empty(list.Problems);
        Assert.Equal(
            Guest.Value.Processes.Select(process => (process.Pid, process.Name)),
            list.Rows.Where(row => row.RootTable is not null).Select(row => (row.Pid, row.Comm!)));
        Assert.Contains(list.Rows, row => row.RootTable is PhysicalAddress root && root.Value >= 0x1_4000_0000);
    }

    [Fact]
    public void Nodes_without_the_module_are_refused_and_read_only_when_told_to()
    {
        string[] nodes = [.. Files(AllFiles).SkipLast(1)];
        Cli.Outcome refused = Run("ps", nodes);
        Assert.Equal((3, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("is missing. Where it stands in other files, name all of the machine's, each with -s", refused.Error, StringComparison.Ordinal);

        Cli.Outcome partly = Run("ps --allow-truncated", nodes);
        Assert.Contains("which cannot be read", partly.Error, StringComparison.Ordinal);
        Assert.Contains("that the kernel maps as memory is not in the image", Run("info --allow-truncated", nodes).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "")]
    [InlineData("256M", "")]
    [InlineData("512M", "--allow-truncated")]
    public void A_hole_in_the_wrong_place_gives_no_answer(string split, string more)
    {
        // All three blocks in one file: split at 512 MiB, the module would stand right behind the nodes.
        Cli.Outcome outcome = Run($"ps --ram-split {split} {more}", Files(OneFile));
        Assert.NotEqual(0, outcome.ExitCode);
        Assert.Equal("", outcome.Output);
        Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static void AssertFacts(Machine machine)
    {
        using JsonDocument values = JsonDocument.Parse(File.ReadAllBytes(Guest.Value.Oracle("kernel-values.json")));
        ulong Value(string name) => Hex(values.RootElement.GetProperty(name).GetString()![2..]);
        Assert.Equal(Value("page_offset_base"), machine.Kernel.Facts.PageOffsetBase!.Value.Value);
        Assert.Equal(Value("vmalloc_base"), machine.Kernel.Facts.VmallocBase!.Value.Value);
        Assert.Equal(Value("vmemmap_base"), machine.Kernel.Facts.VmemmapBase!.Value.Value);
        Assert.Equal(Value("phys_base"), machine.Kernel.Facts.PhysicalBase.Value);
        Assert.Equal(0UL, machine.Kernel.MissingBytes);
    }

    // "System RAM" of /proc/iomem, where nothing stands above it.
    private static PhysicalRange[] Ram() =>
    [
        .. File.ReadLines(Guest.Value.GuestOracle("iomem"))
            .Where(line => line.EndsWith(" : System RAM", StringComparison.Ordinal) && line[0] != ' ')
            .Select(line => line.Split(' ')[0].Split('-'))
            .Select(ends => new PhysicalRange(new(Hex(ends[0])), (Hex(ends[1]) | 0xfff) - Hex(ends[0]) + 1)),
    ];

    private static ulong Hex(string digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Answer(string command, string[] files)
    {
        Cli.Outcome outcome = Run(command, files);
        Assert.True(outcome.ExitCode == 0 && outcome.Error.Length == 0, outcome.Error);
        return outcome.Output;
    }

    private static Cli.Outcome Run(string command, string[] files) =>
        Cli.Run([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), .. files.SelectMany(file => (string[])["-s", file])]);

    private string[] Files(string image)
    {
        switch (image)
        {
            case AllFiles:
                return [.. Guest.Value.MemoryFiles];
            case AllFilesBackwards:
                return [.. Guest.Value.MemoryFiles.Reverse()];
            case OneFile:
                string joined = Path.Combine(_directory.FullName, "joined.raw");
                using (FileStream all = File.Create(joined))
                {
                    foreach (string file in Guest.Value.MemoryFiles)
                    {
                        using FileStream part = File.OpenRead(file);
                        part.CopyTo(all);
                    }
                }

                return [joined];
            default:
                return [Path.Combine(Guest.Value.Directory, image)];
        }
    }
}
