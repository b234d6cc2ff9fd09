using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Lab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What processes have mapped, whole, against the guest's /proc/PID/maps and smaps; and what their page tables let them do.</summary>
public class VmaTests
{
    private const int PathColumn = 72;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_area_of_every_process_is_the_line_of_maps(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        foreach (GuestProcess process in Guests.Capture(guest).Processes)
        {
            VmaList list = VmaList.Of(machine, machine.Parts.Tasks.Required.Find(process.Pid)!);
            Assert.Empty(list.Problems);
            LineComparison.Equal(File.ReadAllLines(process.File("maps")), [.. list.Rows.Select(MapsLine)]);
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void What_is_resident_swapped_and_huge_of_every_area_is_what_smaps_counts(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        foreach (GuestProcess process in Guests.Capture(guest).Processes)
        {
            VmaList list = VmaList.Of(machine, machine.Parts.Tasks.Required.Find(process.Pid)!);
            LineComparison.Equal([.. Smaps(process)], [.. list.Rows.Select(vma => Line(vma.Start.Value, vma.ResidentBytes, vma.SwappedBytes, vma.HugeBytes))]);
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void What_the_page_tables_let_a_process_do_is_no_more_than_its_areas_say_and_it_may_execute_exactly_where_they_do(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        foreach (GuestProcess process in Guests.Capture(guest).Processes)
        {
            KernelTask task = machine.Parts.Tasks.Required.Find(process.Pid)!;
            GuestMapping[] areas = [.. process.Mappings()];
            int leaves = 0;
            MappingList.Visit(machine, new(task.Root, Last: machine.Kernel.Space.LastUserAddress, SingleLeaves: true), leaf =>
            {
                leaves++;
                GuestMapping area = areas.Single(area => area.Start <= leaf.Virtual.Value && leaf.Virtual.Value < area.End);
                Assert.True(leaf.Rights.HasFlag(AccessRights.User));
                Assert.Equal(area.Rights[2] == 'x', leaf.Rights.HasFlag(AccessRights.Execute));
                Assert.True(area.Rights[1] == 'w' || !leaf.Rights.HasFlag(AccessRights.Write), $"{leaf.Virtual} of {area.Rights}");
            });
            Assert.NotEqual(0, leaves);
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_command_streams_them_with_the_documented_names(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        GuestProcess process = Guests.Capture(guest).Processes.First(process => process.Name == "workload");
        Cli.Outcome outcome = Cli.Run("vmas", $"{process.Pid}", "-s", Guests.Capture(guest).RamFile, "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        LineComparison.Equal([.. VmaList.Of(machine, machine.Parts.Tasks.Required.Find(process.Pid)!).Rows.Select(MapsLine)], [.. outcome.Lines.Select(line =>
        {
            using JsonDocument row = JsonDocument.Parse(line);
            JsonElement vma = row.RootElement;
            return Join(
                Hex(vma.GetProperty("start")), Hex(vma.GetProperty("end")), vma.GetProperty("rights").GetString()!, Hex(vma.GetProperty("offset")),
                vma.GetProperty("dev").GetString()!, vma.GetProperty("inode").GetUInt64(), vma.GetProperty("path").GetString());
        })]);
    }

    /// <summary>Over all processes; and maps says which of a process's areas allow it though none of its pages has it.</summary>
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Areas_that_may_be_written_and_executed_are_those_of_proc(string guest)
    {
        Capture capture = Guests.Capture(guest);
        var expected = capture.Processes
            .SelectMany(process => process.Mappings().Where(area => area.Rights[1..3] == "wx").Select(area => (process.Pid, area.Start, area.End)))
            .Order().ToArray();
        Assert.NotEmpty(expected);
        Cli.Outcome outcome = Cli.Run("vmas", "--rights", "wx", "-s", capture.RamFile, "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal(expected, outcome.Lines.Select(line =>
        {
            using JsonDocument row = JsonDocument.Parse(line);
            return (row.RootElement.GetProperty("pid").GetInt32(), Hex(row.RootElement.GetProperty("start")), Hex(row.RootElement.GetProperty("end")));
        }));
        foreach (var area in expected)
        {
            Cli.Outcome maps = Cli.Run("maps", "--pid", $"{area.Pid}", "--rights", "wx", "-s", capture.RamFile, "--jsonl");
            bool shown = maps.ExitCode == 0
                && maps.Lines.Any(line =>
                    JsonDocument.Parse(line).RootElement is JsonElement row && Hex(row.GetProperty("virtual")) >= area.Start
                        && Hex(row.GetProperty("virtual")) < area.End);
            Assert.NotEqual(shown, maps.Error.Contains($"{area.Start:x8}-{area.End:x8} rwx", StringComparison.Ordinal));
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_process_can_be_named_by_its_number_and_by_that_of_any_of_its_threads(string guest)
    {
        Capture capture = Guests.Capture(guest);
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        KernelTask thread = machine.Parts.Tasks.Required.AllThreads.First(task => task.Comm == "workload-thread");
        (ulong Address, ulong Entry)[] pages = [.. capture.Processes.Single(process => process.Pid == thread.Tgid).Pagemap()];
        string input = string.Concat(pages.Select(page => $"0x{page.Address:x}\n"));
        Cli.Outcome byProcess = Cli.RunWithInput(input, "translate", "-s", capture.RamFile, "--pid", $"{thread.Tgid}", "--stdin", "--jsonl");
        Cli.Outcome byThread = Cli.RunWithInput(input, "translate", "-s", capture.RamFile, "--pid", $"{thread.Pid}", "--stdin", "--jsonl");
        Assert.Equal(byProcess.Output, byThread.Output);
        Assert.Equal(pages.Length, byProcess.Lines.Length);
        for (int i = 0; i < pages.Length; i++)
        {
            using JsonDocument row = JsonDocument.Parse(byProcess.Lines[i]);
            Assert.Equal(pages[i].Address, Hex(row.RootElement.GetProperty("virtual")));

            // A PROT_NONE page is present for the kernel and not for hardware.
            JsonElement physical = row.RootElement.GetProperty("physical");
            Assert.True(physical.ValueKind == JsonValueKind.Null || Hex(physical) >> PageFrame.Shift == (pages[i].Entry & ((1UL << 55) - 1)));
            Assert.True(physical.ValueKind != JsonValueKind.Null || pages[i].Entry >> 63 == 0
                || row.RootElement.GetProperty("reason").GetString()!.StartsWith("PROT_NONE", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(1, "translate", "0x400000", "--pid", "4000000")]
    [InlineData(1, "translate", "0x400000", "--pid", "2")]
    [InlineData(1, "maps", "--pid", "4000000")]
    [InlineData(1, "read", "0x400000", "--pid", "4000000")]
    [InlineData(1, "explain", "0x400000", "--pid", "4000000")]
    [InlineData(1, "vmas", "4000000")]
    [InlineData(1, "vmas", "2")]
    [InlineData(2, "vmas", "init")]
    [InlineData(2, "vmas", "--rights", "u")]
    [InlineData(2, "translate", "0x400000", "--pid", "-1")]
    [InlineData(2, "translate", "0x400000", "--pid", "1", "--root", "0x1000")]
    public void A_process_that_is_none_gets_its_exit_code_and_one_line(int exitCode, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Guests.Capture(Guests.All[0].Name).RamFile]);
        Assert.Equal((exitCode, ""), (outcome.ExitCode, outcome.Output));
        Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Roots_name_the_processes_that_go_through_them(string guest)
    {
        Capture capture = Guests.Capture(guest);
        using JsonDocument report = JsonDocument.Parse(Cli.Run("roots", "-s", capture.RamFile, "-J").Output);
        string[] named = [.. report.RootElement.GetProperty("rows").EnumerateArray()
            .Where(root => root.GetProperty("pids").GetArrayLength() > 0)
            .Select(root => $"{root.GetProperty("kind").GetString()} {root.GetProperty("name").GetString()}")];
        Assert.Equal(capture.Processes.Select(process => $"process {process.Name}[{process.Pid}]").Order(StringComparer.Ordinal),
            named.Order(StringComparer.Ordinal));
    }

    private static string MapsLine(VmaReport vma) => Join(vma.Start.Value, vma.End.Value, vma.Rights!, vma.Offset.Value, vma.Dev!, vma.Inode!.Value, vma.Path);

    // fs/proc/task_mmu.c, show_vma_header_prefix: the path, where there is one, begins in a column.
    private static string Join(ulong start, ulong end, string flags, ulong offset, string device, ulong inode, string? path)
    {
        string line = string.Create(CultureInfo.InvariantCulture, $"{start:x8}-{end:x8} {flags} {offset:x8} {device} {inode} ");
        return path is null ? line : $"{line.PadRight(PathColumn)} {path}";
    }

    private static ulong Hex(JsonElement element) => ulong.Parse(element.GetString()!.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Smaps(GuestProcess process)
    {
        ulong start = 0;
        Dictionary<string, ulong> counts = [];
        foreach (string line in File.ReadLines(process.File("smaps")))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (!words[0].Contains(':', StringComparison.Ordinal))
            {
                start = ulong.Parse(words[0].AsSpan(0, words[0].IndexOf('-', StringComparison.Ordinal)), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                counts.Clear();
            }
            else if (words[^1] == "kB")
            {
                counts[words[0]] = ulong.Parse(words[1], CultureInfo.InvariantCulture) << 10;
            }
            else if (words[0] == "VmFlags:")
            {
                // Pages of hugetlbfs are in no other count.
                ulong huge = counts["AnonHugePages:"] + counts.GetValueOrDefault("ShmemPmdMapped:") + counts.GetValueOrDefault("FilePmdMapped:")
                    + counts.GetValueOrDefault("Shared_Hugetlb:") + counts.GetValueOrDefault("Private_Hugetlb:");
                yield return Line(start, counts["Rss:"], counts["Swap:"], huge);
            }
        }
    }

    private static string Line(ulong start, ulong resident, ulong swapped, ulong huge) => $"{start:x8} resident {resident} swapped {swapped} huge {huge}";
}
