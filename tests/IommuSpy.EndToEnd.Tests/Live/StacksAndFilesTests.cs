using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>
/// Stacks, open files, control groups and namespaces of a guest's tasks, asked of its memory while it stands still, against what its /proc showed twice right
/// before: every task whose stack, groups and namespaces had stayed the same, every file that had stayed open.
/// </summary>
[Collection(GuestsThatAreUp.Name)]
public sealed class StacksAndFilesTests : IDisposable
{
    private const string Stacks = "for t in /proc/[0-9]*/task/[0-9]*; do echo \"== ${t##*/}\"; cat $t/stack 2> /dev/null; done";
    private const string Files = "for f in /proc/[0-9]*/fd/[0-9]*; do p=${f%/fd/*}; n=${f##*/}; "
        + "echo \"${p#/proc/} $n $(awk '/^pos/ {p = $2} /^flags/ {f = $2} END {print p, f}' $p/fdinfo/$n) $(readlink $f)\"; done 2> /dev/null";

    // Groups of both versions, one of them removed while a task that has ended is in it, and namespaces.
    private const string MakeContainers = "mkdir /run/cg2 /run/cg1 /run/pids; mount -t cgroup2 none /run/cg2; mount -t cgroup -o none,name=lab none /run/cg1; "
        + "mount -t cgroup -o pids none /run/pids; mkdir -p /run/cg2/a/b '/run/cg2/to go' /run/cg1/old/deep /run/pids/few; "
        + "unshare -m -u -i -n -p -f sleep 99997 & unshare -U sleep 99998 & "
        + "sh -c 'for d in cg2/a/b cg1/old/deep pids/few; do echo $$ > /run/$d/cgroup.procs; done; exec sleep 99996' & "
        + "sh -c 'sh -c \"echo \\$\\$ > \\\"/run/cg2/to go/cgroup.procs\\\"\" & exec sleep 99995' & sleep 3; rmdir '/run/cg2/to go'; ";
    private const string Containers = "for p in /proc/[0-9]*; do echo \"== ${p#/proc/} $(sed 's/.*) //' $p/stat | cut -d' ' -f37)\"; cat $p/cgroup; "
        + "for k in cgroup ipc mnt net pid time user uts; do readlink $p/ns/$k; done; done 2> /dev/null";

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("5.10")]
    [InlineData("6.12")]
    public void Stacks_and_files_are_those_that_the_guest_shows(string kernel)
    {
        string dump = Path.Combine(_directory.FullName, "dump.elf");
        string[] stacks, files, containers;
        int agent;
        using (RunningGuest guest = RunningGuest.Boot(new() { Kernel = kernel }, [], cancellation: TestContext.Current.CancellationToken))
        {
            // Tasks that wait in different ways: for time, for a child, for a pipe that nobody writes, for a lock.
            guest.Succeed("exec > /dev/null 2>&1 < /dev/null; " + MakeContainers
                + "mkfifo /run/fifo; sleep 100000 & (cat < /run/fifo) & sh -c 'sleep 100000; :' & sh -c 'sleep 99999 | cat > /run/out' & sleep 3");
            // Who runs these commands waits for their end while they run, and for the next one afterwards.
            agent = int.Parse(guest.Succeed("echo $PPID").Output, CultureInfo.InvariantCulture);
            stacks = [guest.Succeed(Stacks).Output, guest.Succeed(Stacks).Output];
            files = [guest.Succeed(Files).Output, guest.Succeed(Files).Output];
            containers = [guest.Succeed(Containers).Output, guest.Succeed(Containers).Output];
            guest.Stop();
            guest.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = $"file:{dump}" });
        }

        CompareStacks(stacks, dump, agent);
        CompareFiles(files, dump);
        CompareContainers(containers, dump);
        Cli.Outcome cpus = Cli.Run("stack", "-s", dump, "--cpu", "all");
        Assert.Equal(0, cpus.ExitCode);
        Assert.Contains("CPU 0", cpus.Output, StringComparison.Ordinal);
        Cli.Outcome grouped = Cli.Run("stack", "-s", dump, "--group");
        Assert.Contains("worker_thread+", grouped.Output, StringComparison.Ordinal);
        Assert.Contains(" tasks  ", grouped.Output, StringComparison.Ordinal);
    }

    private static void CompareContainers(string[] shown, string dump)
    {
        Cli.Outcome answer = Cli.Run("ps", "-s", dump, "--jsonl");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        JsonElement[] rows = [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("ownNamespaces", out _))];
        Dictionary<int, JsonElement> ours = rows.ToDictionary(row => row.GetProperty("pid").GetInt32());
        Dictionary<int, string[]>[] theirs =
        [
            .. shown.Select(text => text.Split("== ", StringSplitOptions.RemoveEmptyEntries)
                .Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                .ToDictionary(lines => int.Parse(lines[0].Split(' ')[0], CultureInfo.InvariantCulture))),
        ];
        int[] stayed = [.. theirs[0].Keys.Where(pid => theirs[1].TryGetValue(pid, out string[]? again) && again.Skip(1).SequenceEqual(theirs[0][pid].Skip(1)))];
        Assert.True(stayed.Length > 50, $"the guest showed {stayed.Length} tasks");
        LineComparison.Equal(
            [.. stayed.Select(pid => $"{pid} {string.Join(' ', theirs[1][pid].Skip(1))}")],
            [.. stayed.Select(pid => $"{pid} {string.Join(' ', [.. Texts(ours[pid], "cgroups"), .. Texts(ours[pid], "namespaces")])}")]);
        foreach (int pid in stayed.Where(pid => ours[pid].GetProperty("comm").GetString() == "sleep" && theirs[0][pid][0] == theirs[1][pid][0]))
        {
            Assert.Equal(theirs[1][pid][0], $"{pid} {ours[pid].GetProperty("cpu").GetInt32()}");
        }

        string all = string.Join('\n', stayed.SelectMany(pid => Texts(ours[pid], "cgroups")));
        Assert.Contains("0::/a/b", all, StringComparison.Ordinal);
        Assert.Contains(":name=lab:/old/deep", all, StringComparison.Ordinal);
        Assert.Contains(":pids:/few", all, StringComparison.Ordinal);
        Assert.Contains("0::/to go (deleted)", all, StringComparison.Ordinal);

        // One has five namespaces of its own, and who made them for it has four; one has a namespace of users.
        HashSet<string> own = [.. rows.Select(row => string.Join(' ', Texts(row, "ownNamespaces").Select(name => name.Split(':')[0])))];
        Assert.Superset(new HashSet<string> { "", "ipc mnt net uts", "ipc mnt net pid uts", "user" }, own);
        string text = Cli.Run("ps", "-s", dump, "--containers").Output;
        Assert.Contains(" ipc:[", text, StringComparison.Ordinal);
        Assert.Contains("0::/a/b", text, StringComparison.Ordinal);
    }

    private static string[] Texts(JsonElement row, string column) => [.. row.GetProperty(column).EnumerateArray().Select(text => text.GetString()!)];

    private static void CompareStacks(string[] shown, string dump, int agent)
    {
        Cli.Outcome answer = Cli.Run("stack", "-s", dump, "--jsonl");
        Assert.Equal(0, answer.ExitCode);
        (ulong First, ulong Last)[] scheduler = [Section(dump, "__sched_text"), Section(dump, "__lock_text")];
        Dictionary<int, string> ours = [];
        foreach (JsonElement row in answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("frames", out _)))
        {
            // /proc leaves out the scheduler's own functions.
            ours[row.GetProperty("pids")[0].GetInt32()] = string.Join('\n', row.GetProperty("frames").EnumerateArray()
                .Where(frame => !IsIn(scheduler, Convert.ToUInt64(frame.GetProperty("virtual").GetString(), 16)))
                .Select(frame => frame.GetProperty("symbol").GetString()));
        }

        HashSet<int> awake = Awake(answer, dump);
        Dictionary<int, string>[] theirs = [.. shown.Select(Parse)];
        int[] compared =
        [
            .. theirs[0].Keys.Where(pid => pid != agent && !awake.Contains(pid))
                .Where(pid => theirs[0][pid].Length > 0 && theirs[1].GetValueOrDefault(pid) == theirs[0][pid]).Order(),
        ];
        Assert.True(compared.Length > 50, $"only {compared.Length} tasks kept their stacks");
        LineComparison.Equal([.. compared.Select(pid => $"{pid}\n{theirs[0][pid]}")], [.. compared.Select(pid => $"{pid}\n{ours.GetValueOrDefault(pid)}")]);
    }

    /// <summary>Tasks that run in the dump, whatever they did before: each has a CPU on its stack, by the registers that QEMU wrote into the dump.</summary>
    private static HashSet<int> Awake(Cli.Outcome answer, string dump)
    {
        const ulong StackBytes = 16 << 10;
        ulong[] busy = [.. Cli.Run("stack", "-s", dump, "--cpu", "all", "--jsonl").Lines
            .SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("frames").EnumerateArray().ToArray())
            .Select(frame => Convert.ToUInt64(frame.GetProperty("stack").GetString(), 16))];
        string[] tasks = ["init_task.tasks", "--each", "task_struct.tasks", "--fields", "pid,stack"];
        Dictionary<int, ulong> stacks = Cli.Run(["struct", "-s", dump, .. tasks, "--jsonl"]).Lines
            .Select(line => JsonDocument.Parse(line).RootElement.GetProperty("members"))
            .ToDictionary(
                members => int.Parse(members[0].GetProperty("value").GetString()!, CultureInfo.InvariantCulture),
                members => Convert.ToUInt64(members[1].GetProperty("value").GetString(), 16));
        HashSet<int> awake = [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.TryGetProperty("pids", out _))
            .Where(row => row.GetProperty("problem").GetString()?.StartsWith("it was running", StringComparison.Ordinal) == true)
            .Select(row => row.GetProperty("pids")[0].GetInt32())];
        Assert.All(awake, pid => Assert.Contains(busy, at => at >= stacks[pid] && at < stacks[pid] + StackBytes));
        return awake;
    }

    private static Dictionary<int, string> Parse(string shown) => shown.Split("== ", StringSplitOptions.RemoveEmptyEntries).ToDictionary(
        task => int.Parse(task.Split('\n')[0], CultureInfo.InvariantCulture),
        task => string.Join('\n', task.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(line => line.Replace("[<0>] ", "", StringComparison.Ordinal))));

    private static bool IsIn((ulong First, ulong Last)[] parts, ulong address) => parts.Any(part => address >= part.First && address < part.Last);

    private static (ulong First, ulong Last) Section(string dump, string name) => (Symbol(dump, $"{name}_start"), Symbol(dump, $"{name}_end"));

    private static ulong Symbol(string dump, string name) => Convert.ToUInt64(Cli.Run("symbols", "-s", dump, name).Output.Split(' ')[0], 16);

    private static void CompareFiles(string[] shown, string dump)
    {
        Cli.Outcome answer = Cli.Run("files", "-s", dump, "--jsonl");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        HashSet<string> ours =
        [
            .. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("descriptor", out _)).Select(row =>
                $"{row.GetProperty("pid").GetInt32()} {row.GetProperty("descriptor").GetInt32()} {row.GetProperty("position").GetInt64()} "
                    + row.GetProperty("path").GetString()),
        ];
        string[] compared = [.. shown[0].Split('\n', StringSplitOptions.RemoveEmptyEntries).Intersect(shown[1].Split('\n'), StringComparer.Ordinal)
            .Select(line => line.Split(' ', 5)).Select(words => $"{words[0]} {words[1]} {words[2]} {words[4]}")];
        Assert.True(compared.Length > 10, $"only {compared.Length} files stayed open");
        Assert.Empty(compared.Except(ours, StringComparer.Ordinal));
    }
}
