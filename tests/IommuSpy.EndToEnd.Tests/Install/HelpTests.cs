using System.Text.RegularExpressions;

namespace IommuSpy.EndToEnd.Tests.Install;

/// <summary>
/// Help, the manual page and completion are made from one tree of commands by four writers. What help lists, which System.CommandLine renders, the others must
/// have: every command, every option.
/// </summary>
public sealed partial class HelpTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public static TheoryData<string> Commands => [.. CommandNames];

    private static string[] CommandNames => [.. Section(Cli.Run("--help").Output, "Commands:").Select(Name)];

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void There_are_commands() => Assert.Contains("explain", CommandNames);

    [Theory]
    [MemberData(nameof(Commands))]
    public void Each_command_has_an_example_of_its_own_options(string command)
    {
        string help = Cli.Run(command, "--help").Output;
        string[] examples = [.. help.Split("\nUsage:")[0].Split('\n').Where(line => line.Contains("iommu-spy " + command, StringComparison.Ordinal))];
        Assert.NotEmpty(examples);
        string[] options = OptionNames(help);
        foreach (Match option in examples.SelectMany(example => LongOption().Matches(example.Split(" | ")[0])))
        {
            Assert.Contains(option.Value, options);
        }
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Bash_completes_the_options_that_help_lists(string command)
    {
        string[] options = OptionNames(Cli.Run(command, "--help").Output);
        string[] completed = Bash("iommu-spy", command, "-");
        Assert.Equal(options.Order(StringComparer.Ordinal), completed.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Zsh_completes_the_options_that_help_lists(string command)
    {
        // What the script gives to _arguments, the second time that it calls it: the command's own.
        string specifications = HostTool.Run("zsh", "-f", "-c", $$"""
            compdef() { }
            _describe() { }
            calls=0
            _arguments() { if (( calls++ == 0 )); then state=rest; words=({{command}}); else print -rl -- "$@"; fi }
            source {{Script("zsh")}}
            _iommu-spy
            """);
        string[] completed =
            [.. specifications.Split('\n').Select(line => ZshOption().Match(line)).Where(match => match.Success).Select(match => match.Groups["name"].Value)];
        Assert.Equal(OptionNames(Cli.Run(command, "--help").Output).Order(StringComparer.Ordinal), completed.Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void Fish_completes_the_long_options_that_help_lists(string command)
    {
        string[] completed = Fish($"iommu-spy {command} --");
        Assert.Equal(
            OptionNames(Cli.Run(command, "--help").Output).Where(name => name.StartsWith("--", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
            completed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_shell_completes_every_command()
    {
        string[] expected = [.. CommandNames.Order(StringComparer.Ordinal)];
        Assert.Equal(expected, Bash("iommu-spy", "").Where(name => name[0] != '-').Order(StringComparer.Ordinal));
        Assert.Equal(expected, Fish("iommu-spy ").Where(name => name[0] != '-').Order(StringComparer.Ordinal));
        Assert.Equal(expected, HostTool.Run("zsh", "-f", "-c", $$"""
            compdef() { }
            _describe() { print -rl -- ${commands%%:*} }
            _arguments() { state=command }
            source {{Script("zsh")}}
            _iommu-spy
            """).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Values_and_files_are_completed_where_they_stand()
    {
        string file = Path.Combine(_directory.FullName, "an image.elf");
        File.WriteAllText(file, "");
        string[] formats = ["avml", "elf", "kdump", "lime", "raw"];
        Assert.Equal(formats, Bash("iommu-spy", "convert", "--format", "").Order(StringComparer.Ordinal));
        Assert.Equal(["kdump"], Bash("iommu-spy", "convert", "--format", "=", "k"));
        Assert.Equal(formats, Fish("iommu-spy convert --format ").Order(StringComparer.Ordinal));
        Assert.Equal([file], Bash("iommu-spy", "info", "-s", Path.Combine(_directory.FullName, "an")));
        Assert.Equal([file], Bash("iommu-spy", "convert", Path.Combine(_directory.FullName, "an")));
        Assert.Empty(Bash("iommu-spy", "explain", Path.Combine(_directory.FullName, "an")));
    }

    [Theory]
    [InlineData("exposure --fail-on ", "critical high low medium note")]
    [InlineData("pages --kind sl", "slab")]
    [InlineData("pages --kind=sl", "slab")]
    [InlineData("info --types ", "auto btf image.elf infer")]
    [InlineData("info --types im", "image.elf")]
    [InlineData("info -s ", "devmem gdb: image.elf kcore live qemu:")]
    [InlineData("info -s qemu:im", "image.elf")]
    [InlineData("acquire im", "image.elf")]
    [InlineData("convert a b --exclude ", "cache free user zero")]
    [InlineData("convert a b --exclude zero,us", "user")]
    [InlineData("layout --paging ", "4 5")]
    [InlineData("-s image.elf expl", "explain")]
    [InlineData("-s info info --typ", "--types")]
    [InlineData("-J --source=image.elf expl", "explain")]
    [InlineData("explain im", "")]
    public void Every_shell_completes_values_and_commands_behind_options(string line, string expected)
    {
        File.WriteAllText(Path.Combine(_directory.CreateSubdirectory("images").FullName, "image.elf"), "");

        // What stands before the word that is completed, some shells repeat: --option=, qemu:, the first of several words.
        string Own(IEnumerable<string> found) =>
            string.Join(' ', found.Select(word => RepeatedStart().Replace(word, "")).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(expected, Own(BashLine(line)));
        Assert.Equal(expected, Own(Fish($"iommu-spy {line}", "images")));
        Assert.Equal(expected, Own(Zsh($"iommu-spy {line}", "images")));
    }

    [Fact]
    public void The_manual_page_has_no_complaint_and_every_command_and_option()
    {
        string page = Path.Combine(_directory.FullName, "iommu-spy.1");
        File.WriteAllText(page, Cli.Run("man").Output);
        Assert.Equal((0, ""), HostTool.Try("mandoc", "-T", "lint", page));
        Assert.Equal((0, ""), HostTool.Try("groff", "-man", "-ww", "-z", page));
        string text = HostTool.Run("sh", "-c", $"mandoc -T utf8 -O width=200 {page} | col -b");
        string[] sections = text.Split("\n   iommu-spy ");
        foreach (string command in CommandNames)
        {
            string own = Assert.Single(sections,
                section => section.StartsWith(command + " ", StringComparison.Ordinal) || section.StartsWith(command + "\n", StringComparison.Ordinal));
            Assert.Contains("Example", own, StringComparison.Ordinal);
            foreach (string option in OptionNames(Cli.Run(command, "--help").Output)
                .Where(name => name.StartsWith("--", StringComparison.Ordinal) && name != "--help"))
            {
                Assert.Matches($@"{Regex.Escape(option)}\b", own);
            }
        }
    }

    // Of a command with two names ("bt, stack <PID>") the one that its usage says.
    private static string Name(string line) => line.Split(' ')[0] is var first && first.EndsWith(',')
        ? Cli.Run(first.TrimEnd(','), "--help").Output.Split("iommu-spy ").Select(rest => rest.Split(' ', '\n')[0])
            .First(word => line.Split(' ', ',').Contains(word, StringComparer.Ordinal) && word != first.TrimEnd(','))
        : first;

    [GeneratedRegex("(?<![\\w-])--[a-z][a-z-]*", RegexOptions.None, 1000)]
    private static partial Regex LongOption();

    [GeneratedRegex(" |(?=[=:])|(?<=[=:])", RegexOptions.None, 1000)]
    private static partial Regex BreakOfWords();

    [GeneratedRegex("^(?:--[a-z]+=|.*,|qemu:(?=.))", RegexOptions.None, 1000)]
    private static partial Regex RepeatedStart();

    [GeneratedRegex(@"^(?:\*|\([^)]*\))(?<name>-[^\[=]+)=?\[", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ZshOption();

    [GeneratedRegex(@"(?<=^|, )-[^\s,]+", RegexOptions.None, 1000)]
    private static partial Regex OptionName();

    private static string[] OptionNames(string help) =>
        [.. Section(help, "Options:").SelectMany(line => OptionName().Matches(line.Split("  ")[0]).Select(match => match.Value))];

    /// <summary>The lines of a section of help, without what they were indented by; lines that only continue a description left out.</summary>
    private static IEnumerable<string> Section(string help, string heading)
        => help.Split('\n').SkipWhile(line => line != heading).Skip(1).TakeWhile(line => line.Length > 0).Where(line => line.Length > 2 && line[2] != ' ')
            .Select(line => line.Trim());

    private string[] Bash(params string[] words) => HostTool.Run("bash", [
        "-c", $"source {Script("bash")}; COMP_WORDS=(\"$@\"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _iommu_spy; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        "bash", .. words])
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>As readline cuts a line into words: at spaces, and around = and :, which are words of their own.</summary>
    private string[] BashLine(string line) => HostTool.Run("bash", [
        "-c", $"cd {_directory.FullName}/images; source {Script("bash")}; COMP_WORDS=(\"$@\"); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _iommu_spy; printf "
            + $"'%s\\n' \"${{COMPREPLY[@]}}\"",
        "bash", "iommu-spy", .. BreakOfWords().Split(line).Where(word => word.Length > 0), .. line[^1] is ' ' ? [""] : Array.Empty<string>()])
        .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What a real zsh offers on a terminal: each word that compadd is given and that fits.</summary>
    private string[] Zsh(string line, string directory)
    {
        string functions = _directory.CreateSubdirectory("zsh").FullName;
        File.Copy(Script("zsh"), Path.Combine(functions, "_iommu-spy"), overwrite: true);
        string offered = Path.Combine(_directory.FullName, "offered");
        File.WriteAllText(offered, "");
        HostTool.Run("zsh", "-f", "-c", """
            zmodload zsh/zpty
            zpty z "TERM=dumb COLUMNS=200 zsh -f -i"
            zpty -w z "fpath=($1 \$fpath); autoload -Uz compinit; compinit -u -D"
            zpty -w z "capture() { zle complete-word; exit }; zle -N capture; bindkey '^I' capture; cd $2"
            zpty -w z 'compadd() { if (( ${@[(I)-[OAD]]} )); then builtin compadd "$@"; return; fi; local -a hits; '\
            'builtin compadd -A hits "$@"; print -rl -- $hits >> '$3'; builtin compadd "$@" }'
            zpty -w -n z "$4"$'\t'
            while zpty -r z out; do :; done
            """, "zsh", functions, Path.Combine(_directory.FullName, directory), offered, line);
        return [.. File.ReadAllLines(offered).Where(word => word.Length > 0)];
    }

    private string[] Fish(string line,
        string directory = ".") =>
        [.. HostTool.Run("fish", "--no-config", "-c", $"cd {_directory.FullName}/{directory}; source {Script("fish")}; complete -C '{line}'")
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(found => found.Split('\t')[0])];

    private string Script(string shell)
    {
        string path = Path.Combine(_directory.FullName, "completion." + shell);
        if (!File.Exists(path))
        {
            File.WriteAllText(path, Cli.Run("completion", shell).Output);
        }

        return path;
    }
}
