using System.Globalization;
using System.Text.Json.Nodes;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Expressions over the kernel's objects, against what the guest's /proc says of the same: lists, trees, hash lists, arrays, per-CPU ones.</summary>
public sealed class StructTests
{
    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_list_of_processes_has_the_guests_with_their_names_and_areas(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "the fields are not all inferred");
        Capture capture = Guests.Capture(guest);
        Dictionary<int, JsonNode> tasks = Each(capture, "init_task.tasks", "task_struct.tasks", "pid,comm,mm->mmap_base,thread_pid")
            .ToDictionary(row => int.Parse(Value(row, 0)!, CultureInfo.InvariantCulture));
        Assert.True(tasks.Count > capture.Processes.Count);
        bool hasMapleTree = GuestMachine.Open(guest, "ram.raw").Parts.Objects.Required.Types.FindField("mm_struct", "mm_mt") is not null;
        (string head, string link) = hasMapleTree ? ("mm_mt", "vm_area_struct") : ("mm_rb", "vm_area_struct.vm_rb");
        foreach (GuestProcess process in capture.Processes)
        {
            JsonNode task = tasks[process.Pid];
            Assert.Equal($"\"{process.Name}\"", Value(task, 1));
            string at = task["virtual"]!.GetValue<string>();
            string[] areas = [.. Each(capture, $"((struct task_struct *){at})->mm->{head}", link, "vm_start,vm_end")
                .Select(row => $"{Address(Value(row, 0)!):x8}-{Address(Value(row, 1)!):x8}")];

            // The kernel adds the page for vsyscalls to what it prints; it is no area of the process's.
            LineComparison.Equal(
                [.. File.ReadLines(process.File("maps")).Where(line => !line.EndsWith("[vsyscall]", StringComparison.Ordinal))
                    .Select(line => line.Split(' ')[0])],
                areas);

            // From the process's struct pid back to the process, through the list of those that have the number.
            JsonNode back = Assert.Single(Each(capture, $"((struct task_struct *){at})->thread_pid->tasks[PIDTYPE_PID]", "task_struct.pid_links[0]", "pid"));
            Assert.Equal(at, back["virtual"]!.GetValue<string>());
        }

        // A thread of none: no table of its own, and the reason is said.
        JsonNode kernelThread = tasks[2]["members"]![2]!;
        Assert.Null(kernelThread["value"]);
        Assert.Contains("is null", kernelThread["problem"]!.GetValue<string>(), StringComparison.Ordinal);

        HashSet<string> numbers = [.. Each(capture, "init_pid_ns.idr", "struct pid", "level").Select(row => row["virtual"]!.GetValue<string>())];
        Assert.All(tasks.Values, task => Assert.Contains(Value(task, 3)!, numbers));
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_list_of_modules_is_the_guests_proc_modules(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "the fields are not all inferred");
        Capture capture = Guests.Capture(guest);
        LineComparison.Equal(
            [.. File.ReadLines(capture.GuestOracle("modules")).Select(line => $"\"{line.Split(' ')[0]}\"")],
            [.. Each(capture, "modules", "module.list", "name").Select(row => Value(row, 0)!)]);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_per_CPU_variable_is_each_CPUs_copy(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "the fields are not all inferred");
        string image = Guests.Capture(guest).RamFile;

        // Debian's 5.10 does not describe its per-CPU variables.
        bool isDescribed = GuestMachine.Open(guest, "ram.raw").Parts.Objects.Required.Types.FindVariable("runqueues") is not null;
        Cli.Outcome outcome = Cli.Run("struct", "-s", image, isDescribed ? "runqueues.cpu" : "((struct rq)runqueues).cpu", "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Equal([("runqueues:0", "0"), ("runqueues:1", "1")], outcome.Lines.Select(line => JsonNode.Parse(line)!)
            .Select(row => (row["name"]!.GetValue<string>(), row["value"]!.GetValue<string>())));
        Assert.Equal("1", JsonNode.Parse(Cli.Run("struct", "-s", image, "((struct rq)runqueues:1).cpu", "--jsonl").Output)!["value"]!.GetValue<string>());
    }

    [Theory]
    [InlineData("init_task.comm", "= \"swapper/0\"")]
    [InlineData("(init_task).comm", "= \"swapper/0\"")]
    [InlineData("(&init_task)->comm", "= \"swapper/0\"")]
    [InlineData("(*&init_task).comm[0]", "= 115")]
    [InlineData("container_of(&init_task.tasks, struct task_struct, tasks)->comm", "= \"swapper/0\"")]
    [InlineData("init_task.tasks.next->prev", "<init_task+")]
    [InlineData("(unsigned char)init_task.comm[1]", "(unsigned char) = 119")]
    [InlineData("(char *)linux_banner", "(char *) at ")]
    [InlineData("(char *)&linux_banner", "\"Linux version ")]
    [InlineData("init_net.loopback_dev->name", "= \"lo\"")]
    [InlineData("init_task.fs->root.dentry->d_name.name", "\"/\"")]
    public void Expressions_are_read_as_C_reads_them(string expression, string end)
    {
        Cli.Outcome outcome = Cli.Run("struct", "-s", Guests.Capture(Guests.All[0].Name).RamFile, expression);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        Assert.Contains(end, outcome.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "init_task.nope", "has no nope")]
    [InlineData(1, "init_task.mm->pgd", "is null")]
    [InlineData(1, "no_such_symbol.x", "no such symbol")]
    [InlineData(2, "init_task.", "a field's name is wanted")]
    [InlineData(2, "init_task..mm", "a field's name is wanted")]
    [InlineData(2, "(init_task", "a ) is missing")]
    [InlineData(2, "init_task mm", "at its end")]
    [InlineData(2, "*init_task.pid", "is no pointer")]
    [InlineData(2, "jiffies", "write (TYPE) before it")]
    [InlineData(2, "phys:0x1000", "virtual address is wanted")]
    [InlineData(1, "init_task.comm[16]", "there is no 16")]
    [InlineData(2, "init_task.pid.x", "no fields")]
    [InlineData(2, "init_task", "no container", "--each", "module.list")]
    [InlineData(2, "modules", "TYPE.MEMBER", "--each", "module")]
    [InlineData(1, "modules", "no type", "--each", "no_such.list")]
    [InlineData(2, "init_task", "no expression", "--fields", "pid,->")]
    [InlineData(1, "init_task", "has no nope", "--fields", "pid,nope")]
    [InlineData(1, "modules", "has no nope", "--each", "module.list", "--fields", "name,nope")]
    public void What_leads_to_nothing_is_said_in_one_line(int exitCode, string expression, string words, params string[] options)
    {
        Cli.Outcome outcome = Cli.Run(["struct", "-s", Guests.Capture(Guests.All[0].Name).RamFile, expression, .. options]);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
        Assert.Equal(1, outcome.Error.Count(c => c == '\n'));
    }

    [Fact]
    public void A_text_that_nests_without_end_is_refused()
    {
        Cli.Outcome outcome = Cli.Run("struct", "-s", Guests.Capture(Guests.All[0].Name).RamFile, new string('(', 100_000) + "init_task");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Equal(1, outcome.Error.Count(c => c == '\n'));
    }

    private static JsonNode[] Each(Capture capture, string head, string link, string fields)
    {
        Cli.Outcome outcome = Cli.Run("struct", "-s", capture.RamFile, head, "--each", link, "--fields", fields, "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return [.. outcome.Lines.Select(line => JsonNode.Parse(line)!)];
    }

    private static string? Value(JsonNode row, int member) => row["members"]![member]!["value"]?.GetValue<string>();

    // Numbers are printed as the kernel's types have them: in decimal up to 32 bits.
    private static ulong Address(string value) => value.StartsWith("0x", StringComparison.Ordinal)
        ? ulong.Parse(value.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) : ulong.Parse(value, CultureInfo.InvariantCulture);
}
