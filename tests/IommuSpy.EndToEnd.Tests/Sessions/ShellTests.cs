using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Sessions;

/// <summary>Sessions: what each line of one answers is what the command answers by itself, whole; and a person at a terminal.</summary>
public sealed class ShellTests : IDisposable
{
    private const string Prompt = "iommu-spy>";

    // They are of no machine.
    private static readonly string[] WithoutSource = ["formats", "tables", "version", "nosuch"];

    private static readonly CaptureSpec Guest = Guests.All.First(guest => guest.Memory.Bytes < 1L << 30);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private static string Image => Guests.Capture(Guest.Name).RamFile;

    /// <summary>A line a command that looks at memory, and some that fail.</summary>
    private static IReadOnlyList<string> Lines
    {
        get
        {
            WorkloadMapping workload = Guests.Capture(Guest.Name).Workload[0];
            return
            [
                "info", "explain init_task", $"explain --pid {workload.Pid} 0x{workload.Start:x}", "explain --device 00:02.0 0x1000", "translate init_task",
                $"translate --pid {workload.Pid} 0x{workload.Start:x}", "dmesg", "layout", "resources", "maps --kernel", "maps --device 00:02.0", "roots", "ps",
                "ps --tree", $"vmas {workload.Pid}", "stack", "files", "sockets", "mounts", "vms", $"pagemap {workload.Pid}", "who init_task", "who pfn:0x1",
                "devices", "reach pfn:0x1", "exposure", "memory", "cache", "page pfn:0x1", "page init_task", "pages", "pages --summary", "hidden", "slab",
                "buddy", "symbols 'init_*'", "find 'Linux version' --limit 3", "read init_task", "read --physical 0x1000", "formats", "modules", "pci",
                "types task_struct", "struct 'init_task.comm'", "vmalloc", "iommu", "interrupts", "tables ps", "version", "who 0xffff", "explain nosuchsymbol",
                "nosuch", "ps --where nosuch=1", "ps --columns pid,comm --sort pid:desc --where comm=k*",
            ];
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("")]
    [InlineData(" -J")]
    public void Each_line_answers_what_its_command_answers_by_itself(string form)
    {
        string[] lines = [.. Lines.Select(line => line + form)];
        string file = Path.Combine(_directory.FullName, "questions.txt");
        File.WriteAllLines(file, ["# every command", "", .. lines]);
        Cli.Outcome[] alone = new Cli.Outcome[lines.Length];
        Parallel.For(0, lines.Length, i => alone[i] = Alone(Words(lines[i])));
        Cli.Outcome session = Cli.Run("shell", "-s", Image, "--batch", file);
        Assert.Equal(string.Concat(lines.Zip(alone, (line, answer) => $"{Prompt} {line}\n{answer.Output}")), session.Output);
        Assert.Equal(string.Concat(alone.Select(answer => answer.Error)), session.Error);
        Assert.Equal(alone.Max(answer => answer.ExitCode), session.ExitCode);

        // The same lines on standard input, without what stands between the answers.
        Cli.Outcome silent = Cli.RunWithInput(string.Join('\n', lines), "shell", "-s", Image, "--no-echo");
        Assert.Equal(string.Concat(alone.Select(answer => answer.Output)), silent.Output);
    }

    [Fact]
    public void A_line_ends_in_a_program_or_in_a_new_file_and_the_last_address_has_a_name()
    {
        string file = Path.Combine(_directory.FullName, "kept.txt");
        string image = Path.Combine(_directory.FullName, "image.raw");
        File.CreateSymbolicLink(image, Image);
        Cli.Outcome session = InDirectory(
            $"""
            ps --columns comm | sort | head -n 2
            who init_task > kept.txt
            who init_task > kept.txt
            translate init_task
            explain _ # what was named last
            !echo a "b  c"
            exit
            info
            """,
            "shell", "-s", image, "--no-echo");
        string[] names = [.. Cli.Run("ps", "-s", Image, "--columns", "comm").Lines.Order(StringComparer.Ordinal).Take(2)];
        Assert.Equal(
            string.Join('\n', names) + "\n" + Cli.Run("translate", "-s", Image, "init_task").Output + Cli.Run("explain", "-s", Image, "init_task").Output
                + "a b  c\n",
            session.Output);
        Assert.Equal("iommu-spy: kept.txt: is there already: name another file\n", session.Error);
        Assert.Equal(3, session.ExitCode);
        Assert.Equal(Cli.Run("who", "-s", Image, "init_task").Output, File.ReadAllText(file));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }

    [Fact]
    public void Lines_that_are_wrong_are_one_line_each_and_the_session_goes_on_or_ends()
    {
        const string Wrong = "ps 'x\nwho\n> x\n| cat\nserve\nshell\ntranslate _\nconvert /etc/x.elf\nversion\n";
        Cli.Outcome passed = Cli.RunWithInput(Wrong, "shell", "-s", Image, "--no-echo");
        Assert.Equal(8, passed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(Cli.Run("version").Output, passed.Output);
        Assert.Equal(2, passed.ExitCode);
        Cli.Outcome stopped = Cli.RunWithInput(Wrong, "shell", "-s", Image, "--no-echo", "--stop-on-error");
        Assert.Equal("iommu-spy: a quote ' has no end\n", stopped.Error);
        Assert.Equal("", stopped.Output);
        Assert.Equal(2, stopped.ExitCode);
        Cli.Outcome endless = Cli.RunWithInput(new string('x', 100_000) + "\nversion", "shell", "-s", Image, "--no-echo");
        Assert.Equal(("iommu-spy: a line has more than 64 KiB\n", Cli.Run("version").Output), (endless.Error, endless.Output));
    }

    [Fact]
    public void What_a_session_starts_writes_where_it_began_and_nowhere_else()
    {
        string outside = $"/var/tmp/iommu-spy-outside-{Environment.ProcessId}";
        Cli.Outcome session = InDirectory(
            $"!touch inside && echo made\n!touch '{outside}'\nversion | tee '{outside}' > /dev/null", "shell", "-s", Image, "--no-echo");
        Assert.Equal("made\n", session.Output);
        Assert.True(File.Exists(Path.Combine(_directory.FullName, "inside")));
        bool confines = Cli.Run("doctor").Output.Contains("Landlock", StringComparison.Ordinal);
        Assert.Equal(confines, !File.Exists(outside));
        File.Delete(outside);
    }

    [Fact]
    public void A_person_completes_recalls_pages_and_interrupts()
    {
        string state = Path.Combine(_directory.FullName, "state");
        string command = $"env XDG_STATE_HOME={state} IOMMU_SPY_PAGER='sed s/^/paged:/' NO_COLOR=1 '{Cli.Program()}' shell -s '{Image}'";
        using (Terminal terminal = new(command))
        {
            terminal.WaitForLast(Prompt);

            // Commands: what they have in common, then all of them, then one.
            terminal.Type("exp");
            terminal.Press("Tab");
            terminal.WaitFor(screen => screen.Split('\n').Any(line => Words(line).SequenceEqual(["explain", "export", "exposure"])));
            terminal.Type("l");
            terminal.Press("Tab");
            terminal.WaitForLast($"{Prompt} explain");

            // A symbol, the answer through the pager.
            terminal.Type("init_tas");
            terminal.Press("Tab");
            terminal.WaitForLast($"{Prompt} explain init_task");
            terminal.Press("Enter");
            string answer = terminal.WaitFor(screen => screen.Split('\n')[^1].TrimEnd() == Prompt && screen.Contains("paged:", StringComparison.Ordinal));
            Assert.Contains("paged:  symbol     init_task", answer, StringComparison.Ordinal);

            // Options, columns behind a comma, a process by its name.
            terminal.Type("ps --col");
            terminal.Press("Tab");
            terminal.Type("pid,tg");
            terminal.Press("Tab");
            terminal.WaitForLast($"{Prompt} ps --columns pid,tgid");
            terminal.Press("C-u");
            terminal.Type("maps --pid ini");
            terminal.Press("Tab");
            terminal.WaitForLast($"{Prompt} maps --pid 1");
            terminal.Press("C-u");
            terminal.Type("types task_struc");
            terminal.Press("Tab");
            terminal.WaitForLast($"{Prompt} types task_struct");

            // Ctrl-C gives up the line; in a long answer it ends the answer, and the session answers on.
            terminal.Press("C-c");
            terminal.WaitForLast(Prompt);
            terminal.Type("pages --jsonl --no-pager");
            terminal.Press("Enter");
            terminal.WaitFor(screen => screen.Contains("\"pfn\"", StringComparison.Ordinal));
            terminal.Press("C-c");
            terminal.WaitFor(screen => screen.EndsWith($"iommu-spy: interrupted\n{Prompt}", StringComparison.Ordinal));
            terminal.Type("translate _");
            terminal.Press("Enter");
            terminal.WaitFor(screen => screen.Split('\n')[^1].TrimEnd() == Prompt && screen.Contains("paged:  physical", StringComparison.Ordinal));

            // The line before the last, changed.
            terminal.Press("Up", "Up");
            terminal.WaitForLast($"{Prompt} pages --jsonl --no-pager");
            terminal.Press("C-u");
            terminal.Press("C-d");
            terminal.WaitForEnd(0);
        }

        string history = Path.Combine(state, "iommu-spy", "history");
        Assert.Equal(["explain init_task", "pages --jsonl --no-pager", "translate _"], File.ReadAllLines(history));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(history));

        // The next session remembers.
        using Terminal next = new(command);
        next.WaitForLast(Prompt);
        next.Press("Up");
        next.WaitForLast($"{Prompt} translate _");
        next.Press("C-u");
        next.Type("exit");

        // As Enter comes in where it was typed ahead.
        next.Press("C-j");
        next.WaitForEnd(0);
    }

    private static Cli.Outcome Alone(string[] words) =>
        WithoutSource.Contains(words[0], StringComparer.Ordinal) ? Cli.Run(words) : Cli.Run([.. words, "-s", Image]);

    private static string[] Words(string line) =>
        [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Aggregate(new List<string>(), (words, next) =>
        {
            // Of quotes there are those around two words at most.
            if (words.Count > 0 && words[^1].Count(one => one == '\'') == 1)
            {
                words[^1] += " " + next;
            }
            else
            {
                words.Add(next);
            }

            return words;
        }).Select(word => word.Replace("'", "", StringComparison.Ordinal))];

    private Cli.Outcome InDirectory(string input, params string[] arguments) =>
        Cli.RunIn(_directory.FullName, input, arguments);
}
