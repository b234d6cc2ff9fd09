using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Processes;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The process list, whole, against the guest's own.</summary>
public class ProcessTests
{
    // A kernel worker may begin or end between the collector's look and the stop; nothing else does.
    private const int MostMovingKernelThreads = 3;

    private const ulong KernelThreadFlag = 0x0020_0000;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_process_is_the_guests_with_its_name_parent_user_state_and_memory(string guest, string image)
    {
        Capture capture = Guests.Capture(guest);
        ProcessList list = ProcessList.Of(GuestMachine.Open(guest, image));
        Assert.Empty(list.Problems);
        Dictionary<int, GuestStat> oracle = GuestStat.ReadAll(capture.GuestOracle("processes"));
        AssertSame(oracle, list.Rows, row => row.Pid);

        foreach (GuestProcess process in capture.Processes)
        {
            ProcessReport ours = list.Rows.Single(row => row.Pid == process.Pid);
            Assert.Equal(process.Name, ours.Comm);
            Assert.NotNull(ours.RootTable);
            Assert.Equal(Status(process, "Uid"), $"{ours.Uid}");

            // Without types the tables are counted, and the kernel's counters lag behind them: up to 6.2 each thread keeps some pages' counts to itself
            // (SPLIT_RSS_COUNTING).
            ulong told = ulong.Parse(Status(process, "VmRSS"), CultureInfo.InvariantCulture) / 4;
            Assert.True(ours.ResidentPages == told || (!GuestMachine.IsDescribed(guest) && ours.ResidentPages == Resident(process)),
                $"{process.Name}: {told} pages, ours {ours.ResidentPages}");
        }

        Assert.Equal(capture.Processes.Select(process => process.Pid), list.Rows.Where(row => row.RootTable is not null).Select(row => row.Pid));
        Assert.All(list.Rows.Where(row => row.KernelThread), row => Assert.Equal((null, 0UL), (row.RootTable, row.ResidentPages)));
    }

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_thread_is_the_guests(string guest, string image)
    {
        Capture capture = Guests.Capture(guest);
        ProcessList list = ProcessList.Of(GuestMachine.Open(guest, image), threads: true);
        Dictionary<int, GuestStat> oracle = GuestStat.ReadAll(capture.GuestOracle("threads"));
        AssertSame(oracle, list.Rows, row => row.Pid);
        Assert.Contains(list.Rows, row => row.Pid != row.Tgid && row.Comm == "workload-thread");
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_command_streams_them_with_the_documented_names(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Cli.Outcome outcome = Cli.Run("ps", "-s", Guests.Capture(guest).RamFile, "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        IReadOnlyList<ProcessReport> rows = ProcessList.Of(machine).Rows;
        Assert.Equal(rows.Count, outcome.Lines.Length);
        for (int i = 0; i < rows.Count; i++)
        {
            using JsonDocument row = JsonDocument.Parse(outcome.Lines[i]);
            JsonElement root = row.RootElement;
            Assert.Equal(rows[i].Pid, root.GetProperty("pid").GetInt32());
            Assert.Equal(rows[i].Tgid, root.GetProperty("tgid").GetInt32());
            Assert.Equal(rows[i].Comm, root.GetProperty("comm").GetString());
            Assert.Equal(rows[i].Parent, root.GetProperty("parent").GetInt32());
            Assert.Equal(rows[i].Uid, root.GetProperty("uid").GetUInt32());
            Assert.Equal(rows[i].KernelThread, root.GetProperty("kernelThread").GetBoolean());
            Assert.Equal(rows[i].RootTable?.ToString(), root.GetProperty("root").GetString());
            Assert.Equal(rows[i].ResidentPages, root.GetProperty("residentPages").GetUInt64());
        }
    }

    [Fact]
    public void In_the_tree_each_stands_below_its_parent()
    {
        ProcessList list = ProcessList.Of(GuestMachine.Open(Guests.All[0].Name, "ram.raw"), tree: true);
        Assert.Equal(list.Rows.Count, list.Rows.DistinctBy(row => row.Pid).Count());
        Stack<ProcessReport> ancestors = new();
        foreach (ProcessReport row in list.Rows)
        {
            while (ancestors.Count > row.Depth)
            {
                ancestors.Pop();
            }

            Assert.Equal(ancestors.TryPeek(out ProcessReport? parent) ? parent.Pid : 0, row.Parent);
            ancestors.Push(row);
        }
    }

    // Areas' counts in smaps are those of the tables.
    private static ulong Resident(GuestProcess process) => File.ReadLines(process.File("smaps"))
        .Where(line => line.StartsWith("Rss:", StringComparison.Ordinal))
        .Aggregate(0UL, (sum, line) => sum + (ulong.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 4));

    private static void AssertSame(Dictionary<int, GuestStat> oracle, IReadOnlyList<ProcessReport> rows, Func<ProcessReport, int> number)
    {
        Assert.Equal(rows.Select(number).Order(), rows.Select(number));
        HashSet<int> ours = [.. rows.Select(number)];
        List<int> gone = [.. oracle.Keys.Where(pid => !ours.Contains(pid))];
        Assert.All(gone, pid => Assert.NotEqual(0UL, oracle[pid].Flags & KernelThreadFlag));
        List<ProcessReport> come = [.. rows.Where(row => !oracle.ContainsKey(number(row)))];
        Assert.All(come, row => Assert.True(row.KernelThread));
        Assert.InRange(gone.Count + come.Count, 0, MostMovingKernelThreads);
        foreach (ProcessReport row in rows.Except(come))
        {
            GuestStat stat = oracle[number(row)];
            bool kernelThread = (stat.Flags & KernelThreadFlag) != 0;
            Assert.Equal((kernelThread, stat.Parent), (row.KernelThread, row.Parent));

            // Of kernel threads /proc shows longer names than task_struct holds: the whole name, and of workers what they work at.
            Assert.True(kernelThread ? stat.Name.StartsWith(row.Comm!, StringComparison.Ordinal) : stat.Name == row.Comm, $"{row.Comm} is {stat.Name}");

            // The collector runs while it looks at itself, and kernel threads at any time.
            Assert.True(kernelThread || stat.Name == "collector" || stat.State == row.State, $"{row.Comm} is {row.State}, not {stat.State}");
        }
    }

    private static string Status(GuestProcess process, string name) =>
        File.ReadLines(process.File("status")).Single(line => line.StartsWith(name + ":", StringComparison.Ordinal))
            .Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1];

    /// <summary>What of a line of /proc/PID/stat is compared.</summary>
    private sealed record GuestStat(string Name, char State, int Parent, ulong Flags)
    {
        public static Dictionary<int, GuestStat> ReadAll(string path) => File.ReadLines(path).ToDictionary(
            line => int.Parse(line.AsSpan(0, line.IndexOf(' ', StringComparison.Ordinal)), CultureInfo.InvariantCulture),
            line =>
            {
                int end = line.LastIndexOf(')');
                string[] fields = line[(end + 2)..].Split(' ');
                return new GuestStat(
                    line[(line.IndexOf('(', StringComparison.Ordinal) + 1)..end],
                    fields[0][0],
                    int.Parse(fields[1], CultureInfo.InvariantCulture),
                    ulong.Parse(fields[6], CultureInfo.InvariantCulture));
            });
    }
}
