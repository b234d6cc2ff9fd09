using System.Diagnostics;
using System.Text.Json;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What a command line that is wrong, or an output that takes no more, is answered with. Needs no guest.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("page has no option --pid (see iommu-spy page --help)", "page", "--pid", "172", "0x401000")]
    [InlineData("info has no option --foo (see iommu-spy info --help)", "info", "-s", "--foo")]
    [InlineData("info has no option --sorce; did you mean --source? (see iommu-spy info --help)", "info", "--sorce", "x")]
    [InlineData("there is no command 'inof'; did you mean info? (see iommu-spy --help)", "inof")]
    [InlineData("there is no command 'exlain'; did you mean explain?", "help", "exlain")]
    [InlineData("name a command (see iommu-spy --help)", "-s", "/no/such/file")]
    public void Bad_usage_is_one_line_that_names_the_word(string expected, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(arguments);
        Assert.Equal((2, "", $"iommu-spy: {expected}\n"), (outcome.ExitCode, outcome.Output, outcome.Error));
    }

    [Fact]
    public void What_stands_behind_two_dashes_is_no_option()
        => Assert.DoesNotContain("has no option", Cli.Run("page", "--", "--pid").Error, StringComparison.Ordinal);

    [Theory]
    [InlineData("-s", "/no/such/file", "info")]
    [InlineData("-s/no/such/file", "info")]
    [InlineData("--source=/no/such/file", "info")]
    public void The_source_may_stand_before_the_command(params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(arguments);
        Assert.Equal((3, "iommu-spy: /no/such/file: no such file\n"), (outcome.ExitCode, outcome.Error));
    }

    [Theory]
    [InlineData(3, "source", "-J", "-s", "/no/such/file", "info")]
    [InlineData(3, "source", "info", "-s", "/no/such/file", "-J")]
    [InlineData(3, "source", "info", "--types", "nosuch", "-J")]
    [InlineData(2, "usage", "page", "-J", "--pid", "1", "2")]
    public void A_failure_is_json_too(int exitCode, string kind, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(arguments);
        Assert.Equal(exitCode, outcome.ExitCode);
        JsonElement error = JsonDocument.Parse(outcome.Output).RootElement.GetProperty("error");
        Assert.Equal(kind, error.GetProperty("kind").GetString());
        Assert.Equal(outcome.Error, $"iommu-spy: {error.GetProperty("message").GetString()}\n");
    }

    [Fact]
    public void Help_and_version_are_commands_too()
    {
        Assert.Equal(Cli.Run("who", "--help").Output, Cli.Run("help", "who").Output);
        Assert.Equal(Cli.Run("--help").Output, Cli.Run("help").Output);
        string version = Cli.Run("--version").Output;
        Assert.Equal((version, version), (Cli.Run("version").Output, Cli.Run("-V").Output));
    }

    [Theory]
    [InlineData("formats")]
    [InlineData("formats", "-J")]
    [InlineData("--help")]
    [InlineData("version")]
    public void A_full_disk_is_one_line_and_a_reader_that_has_gone_is_none(params string[] arguments)
    {
        Assert.Equal((3, "iommu-spy: standard output: no space left on device\n"), Shell("\"$0\" \"$@\" > /dev/full", arguments));
        Assert.Equal((0, ""), Shell("exec 3> >(true); wait $!; \"$0\" \"$@\" >&3", arguments));
    }

    private static (int ExitCode, string Error) Shell(string script, string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("bash", ["-c", script, Cli.Program(), .. arguments]) { UseShellExecute = false, RedirectStandardError = true })!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}
