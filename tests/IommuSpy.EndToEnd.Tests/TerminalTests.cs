namespace IommuSpy.EndToEnd.Tests;

/// <summary>What a person sees on a terminal (script(1) makes one), beside what goes into a pipe. Needs no guest.</summary>
public sealed class TerminalTests
{
    private const string Marks = "IOMMU_SPY_PAGER='sed s/^/paged:/'";

    [Theory]
    [InlineData(true, Marks, "formats")]
    [InlineData(true, Marks, "--help")]
    [InlineData(true, Marks, "formats -J")]
    [InlineData(true, "PAGER='sed s/^/paged:/'", "formats")]
    [InlineData(false, "IOMMU_SPY_PAGER=cat PAGER='sed s/^/paged:/'", "formats")]
    [InlineData(false, "IOMMU_SPY_PAGER= PAGER='sed s/^/paged:/'", "formats")]
    [InlineData(false, Marks, "formats --no-pager")]
    [InlineData(false, Marks, "--no-pager formats")]
    [InlineData(false, "TERM=dumb " + Marks, "formats")]
    [InlineData(false, Marks, "formats | cat")]
    public void A_pager_shows_answers_on_a_terminal(bool isPaged, string environment, string arguments)
    {
        (int exitCode, string[] lines) = OnTerminal(80, environment, arguments);
        Assert.Equal(0, exitCode);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.Equal(isPaged, line.Contains("paged:", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_pager_is_told_what_git_tells_it()
    {
        Assert.Contains("is FRX", OnTerminal(80, "IOMMU_SPY_PAGER='echo is $LESS; cat'", "version").Lines);
        Assert.Contains("is S", OnTerminal(80, "LESS=S IOMMU_SPY_PAGER='echo is $LESS; cat'", "version").Lines);
    }

    [Fact]
    public void A_reader_who_has_seen_enough_ends_it_quietly()
    {
        (int exitCode, string[] lines) = OnTerminal(80, "IOMMU_SPY_PAGER='head -n 1'", "man");
        Assert.Equal(0, exitCode);
        Assert.StartsWith(".TH IOMMU", Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pager_that_is_not_there_is_said_and_the_answer_given()
    {
        (int exitCode, string[] lines) = OnTerminal(80, "NO_COLOR=1 IOMMU_SPY_PAGER=no-such-pager", "formats");
        Assert.Equal(0, exitCode);
        Assert.EndsWith("iommu-spy: the pager 'no-such-pager' cannot be run: no such file or directory", lines[0], StringComparison.Ordinal);
        Assert.True(lines.Length > 5);
    }

    [Theory]
    [InlineData(true, "", "layout --documented")]
    [InlineData(true, "NO_COLOR=1", "layout --documented --color always")]
    [InlineData(true, "", "layout --documented --color always | cat")]
    [InlineData(false, "NO_COLOR=1", "layout --documented")]
    [InlineData(false, "TERM=dumb", "layout --documented")]
    [InlineData(false, "", "layout --documented --color never")]
    [InlineData(false, "", "--color=never layout --documented")]
    [InlineData(false, "", "layout --documented | cat")]
    [InlineData(false, "", "layout --documented -J")]
    public void Headings_are_coloured_where_a_person_reads_them(bool isColoured, string environment, string arguments)
    {
        (int exitCode, string[] lines) = OnTerminal(100, $"{environment} PAGER=", arguments);
        Assert.Equal(0, exitCode);
        Assert.Equal(isColoured, string.Concat(lines).Contains("\u001b[1m", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(80, "", "--help")]
    [InlineData(80, "", "exposure --help")]
    [InlineData(160, "", "exposure --help")]
    [InlineData(80, "", "layout --documented")]
    [InlineData(60, "COLUMNS=60", "doctor --help")]
    public void Lines_are_no_wider_than_the_terminal_and_words_stay_whole(int columns, string environment, string arguments)
    {
        (int _, string[] lines) = OnTerminal(environment.Length > 0 ? 200 : columns, $"{environment} NO_COLOR=1 PAGER=", arguments);
        Assert.All(lines, line => Assert.True(line.Length <= columns, line));
        string[] piped = Words(Cli.Run(arguments.Split(' ')).Output);
        Assert.Equal(piped, Words(string.Join('\n', lines)));
        Assert.Contains(Cli.Run("exposure", "--help").Lines, line => line.Length > 160);
    }

    private static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    private static (int ExitCode, string[] Lines) OnTerminal(int columns, string environment, string arguments)
    {
        string command = $"stty cols {columns} rows 24; env -u NO_COLOR -u PAGER -u IOMMU_SPY_PAGER -u COLUMNS -u LESS "
            + $"TERM=xterm {environment} '{Cli.Program()}' {arguments}";
        (int exitCode, string text) = HostTool.Try("script", "-qec", command, "/dev/null");
        return (exitCode,
            [.. text.Replace("\r", "", StringComparison.Ordinal).Replace("\u001b[?1h\u001b=", "", StringComparison.Ordinal)
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)]);
    }
}
