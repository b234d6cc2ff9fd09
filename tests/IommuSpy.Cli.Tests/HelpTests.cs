using System.CommandLine;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli.Tests;

/// <summary>What --help says of each command.</summary>
public sealed class HelpTests
{
    public static TheoryData<string> Commands => [.. Expected.Commands(CommandTree.Build()).Select(command => command.Name)];

    [Theory]
    [MemberData(nameof(Commands))]
    public void Help_of_a_command_is_what_was_read_last(string command)
    {
        using StringWriter help = new() { NewLine = "\n" };
        CommandTree.Build().Parse([command, "--help"]).Invoke(new() { Output = help });
        // System.CommandLine calls the program by the name of whatever runs.
        string text = help.ToString().Replace(typeof(HelpTests).Assembly.GetName().Name!, CommandRunner.Name, StringComparison.Ordinal);
        Golden.Holds($"tests/IommuSpy.Cli.Tests/Golden/help/{command}.txt", text);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void A_command_line_that_begins_with_a_name_gets_that_command_as_it_is_among_all(string command)
    {
        RootCommand alone = CommandTree.Build([command, "-s", "file"]);
        Command built = Assert.Single(alone.Subcommands, one => one.Name == command);
        Command among = CommandTree.Build().Subcommands.Single(one => one.Name == command);
        Assert.Equal(among.Options.Select(option => option.Name), built.Options.Select(option => option.Name));
        Assert.Equal(among.Arguments.Select(argument => argument.Name), built.Arguments.Select(argument => argument.Name));
    }

    [Theory]
    [InlineData("-s", "file", "info")]
    [InlineData("inof")]
    [InlineData("help", "info")]
    [InlineData]
    public void Every_other_command_line_gets_all_commands(params string[] args) =>
        Assert.Equal(CommandTree.Build().Subcommands.Select(command => command.Name), CommandTree.Build(args).Subcommands.Select(command => command.Name));
}
