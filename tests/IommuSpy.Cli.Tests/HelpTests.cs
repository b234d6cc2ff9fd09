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
}
