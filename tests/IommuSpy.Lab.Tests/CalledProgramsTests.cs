using System.Text.RegularExpressions;
using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Tests;

/// <summary>
/// Whatever a script or the code of the lab, the tests and the benchmarks starts is in packages.txt, in a group that is installed before, or on every Debian.
/// </summary>
public sealed partial class CalledProgramsTests
{
    // What the README asks for, and what a shell does by itself.
    private static readonly string[] Prerequisites = ["make", "git", "dotnet"];
    private static readonly string[] Builtins =
        [".", ":", "[", "[[", "cd", "command", "continue", "break", "echo", "eval", "exit", "export", "printf", "read", "return", "set", "shift", "trap",
            "umask", "wait", "source", "local", "kill", "test", "true", "false"];

    private static string Root
    {
        get
        {
            DirectoryInfo directory = new(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(directory.FullName, "IommuSpy.slnx")))
            {
                directory = directory.Parent!;
            }

            return directory.FullName;
        }
    }

    [Theory]
    [InlineData("", "build lab lab-arm64 test static bench fresh")]
    [InlineData("lab", "lab lab-arm64")]
    [InlineData("tests", "build lab test static")]
    [InlineData("bench", "build lab bench peers")]
    [InlineData("packaging", "build static fresh")]
    [InlineData("hostile", "build lab hostile")]
    public void Every_program_that_is_called_is_in_the_list(string folder, string groups)
    {
        HashSet<string> known = [.. Builtins, .. Prerequisites, .. OnEveryDebian()];
        known.UnionWith(HostPackages.All.Where(line => groups.Split(' ').Contains(line.Group, StringComparer.Ordinal)).SelectMany(line => line.Called)
            .Select(called => Path.GetFileName(called)));
        var called = Called(folder).ToList();
        Assert.NotEmpty(called);
        string[] unknown =
            [.. called.Where(one => !known.Contains(one.Program)).Select(one => $"{one.File}: {one.Program} is not in packages.txt under {groups}")];
        Assert.True(unknown.Length == 0, string.Join('\n', unknown));
    }

    [Fact]
    public void What_nobody_calls_is_not_in_the_list()
    {
        HashSet<string> called = [.. new[] { "", "lab", "tests", "bench", "packaging", "hostile" }.SelectMany(Called).Select(one => one.Program)];
        string[] programs = [.. HostPackages.All.SelectMany(line => line.Called).Where(one => !one.StartsWith('/')).Distinct(StringComparer.Ordinal)];

        // Called by what is called: the compiler's linker, the explorer's project, a kernel's makefile.
        Assert.Equal(["clang", "esbuild", "ld.lld", "pahole"], programs.Where(program => !called.Contains(program)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_commands_of_a_script_are_read()
    {
        const string Script = """
            #!/bin/sh
            # comment | not-called
            set -eu
            name=$(first "$(second 'quoted; no')" | third) # fourth
            fifth() { sixth "$1" > "$out" 2>&1 || seventh; }
            LC_ALL=C eighth --x << END
            not-called either
            END
            case $name in
                a | b) ninth ;;
                *" $name "*) continue ;;
            esac
            size=${SIZE:-512M 5G}
            for x in $(tenth); do "$x" y; done
            if ! eleventh; then (cd x && twelfth); fi
            echo $((1 + 2)) | awk '{ print "no" }'
            fifth again
            """;
        (IReadOnlyList<string> commands, IReadOnlySet<string> functions) = ShellCommands.Of(Script);
        Assert.Equal(["fifth"], functions);
        Assert.Equal(
            ["set", "first", "second", "third", "sixth", "seventh", "eighth", "ninth", "continue", "tenth", "eleventh", "cd", "twelfth", "echo", "awk",
                "fifth"],
            commands);
    }

    [Fact]
    public void A_line_of_the_list_that_lacks_a_word_is_refused() => Assert.Throws<LabException>(() => HostPackages.Parse("# comment\nlab gcc\n"));

    private static IEnumerable<(string File, string Program)> Called(string folder)
    {
        string directory = Path.Combine(Root, folder);
        IEnumerable<string> files = folder.Length == 0
            ? Directory.EnumerateFiles(directory).Append(Path.Combine(directory, ".ci/run"))
            : Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
                .Where(file => !Regex.IsMatch(file, "/(bin|obj)/", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)));
        (string File, IReadOnlyList<string> Commands, IReadOnlySet<string> Functions)[] read =
            [.. files.Select(file => Read(file)).OfType<(string, IReadOnlyList<string>, IReadOnlySet<string>)>()];

        // A script may call the functions of one that it reads in.
        HashSet<string> functions = [.. read.SelectMany(one => one.Functions)];
        foreach ((string file, IReadOnlyList<string> commands, _) in read)
        {
            foreach (string command in commands.Where(command => !functions.Contains(command)))
            {
                string program = command.StartsWith("/usr/bin/", StringComparison.Ordinal) ? Path.GetFileName(command) : command;
                if (!program.Contains('/', StringComparison.Ordinal))
                {
                    yield return (Path.GetRelativePath(Root, file), program);
                }
            }
        }
    }

    // lab/guest runs inside a guest, where busybox is all there is; dpkg runs postinst and prerm on a user's machine.
    private static (string File, IReadOnlyList<string> Commands, IReadOnlySet<string> Functions)? Read(string file)
    {
        string name = Path.GetFileName(file);
        (IReadOnlyList<string> Commands, IReadOnlySet<string> Functions)? read = name switch
        {
            "init.sh" or "machines.sh" => null,
            "Makefile" => ShellCommands.Of(Recipes(File.ReadAllText(file))),
            "run" => ShellCommands.Of(File.ReadAllText(file)),
            _ when name.EndsWith(".sh", StringComparison.Ordinal) => ShellCommands.Of(File.ReadAllText(file)),
            _ when name.EndsWith(".cs", StringComparison.Ordinal) => (InCode(File.ReadAllText(file)), new HashSet<string>(StringComparer.Ordinal)),
            _ => null,
        };
        return read is { } found ? (file, found.Commands, found.Functions) : null;
    }

    // A makefile's lines for the shell, its own variables and functions taken out.
    private static string Recipes(string makefile) => string.Join('\n', makefile.Replace("\\\n", " ", StringComparison.Ordinal).Split('\n')
        .Where(line => line.StartsWith('\t'))
        .Select(line =>
            MakeFunction().Replace(MakeFunction().Replace(line.TrimStart('\t', '@', '-'), "\"$x\""), "\"$x\"").Replace("$$", "$", StringComparison.Ordinal)));

    private static IReadOnlyList<string> InCode(string code) =>
    [
        .. StartedInCode().Matches(code).Select(match => match.Groups["program"].Value)
            .Concat(ShellInCode().Matches(code)
                .SelectMany(match =>
                    ShellCommands.Of(Hole()
                        .Replace(match.Groups["script"].Value.Replace("{{", "{ ", StringComparison.Ordinal).Replace("}}", " }", StringComparison.Ordinal),
                            "\"$x\"")).Commands)),
    ];

    private static HashSet<string> OnEveryDebian()
    {
        string[] packages = [.. HostCommand.Run("dpkg-query", ["-W", "-f", "${Package} ${Essential} ${Priority}\\n"], CancellationToken.None).Split('\n')
            .Select(line => line.Split(' ')).Where(words => words.Length == 3 && (words[1] == "yes" || words[2] == "required")).Select(words => words[0])];
        HashSet<string> programs = [.. HostCommand.Run("dpkg-query", ["-L", .. packages], CancellationToken.None).Split('\n')
            .Where(path => Regex.IsMatch(path, "^(/usr)?/s?bin/", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)))
            .Select(path => Path.GetFileName(path))];

        // awk is what update-alternatives makes of mawk.
        programs.UnionWith(Directory.EnumerateFiles("/etc/alternatives")
            .Where(link => programs.Contains(Path.GetFileName(File.ResolveLinkTarget(link, true)?.FullName ?? ""))).Select(link => Path.GetFileName(link)));
        return programs;
    }

    [GeneratedRegex(@"\$\((?!\$)[^()]*(\([^()]*\)[^()]*)*\)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex MakeFunction();

    [GeneratedRegex(
        """(HostCommand\.(Run|Find)|HostTools\.PathOf|HostTool\.(Run|Try|Text)|new ProcessStartInfo|ProcessStartInfo start = new)"""
            + """\(\s*"(?<program>[^"/]+)"|(Emulator|Compiler): "(?<program>[^"]+)",""",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex StartedInCode();

    [GeneratedRegex(""""sh", "-c", \$?"(?<script>(\{\{|\}\}|\{[^{}]*\}|[^"\\{}]|\\.)*)"""", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ShellInCode();

    [GeneratedRegex(@"\{[^{} ][^{}]*\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hole();
}
