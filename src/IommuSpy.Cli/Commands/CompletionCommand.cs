using System.CommandLine;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy completion: what makes a shell complete commands, options and values.</summary>
internal static class CompletionCommand
{
    public static Command Build(RootCommand root)
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish." };
        shell.TakesOnly("bash", "zsh", "fish");
        Command command = new(
            "completion",
            "What makes a shell complete commands, options and values.\n\nExamples: source <(iommu-spy completion bash)\n          iommu-spy completion zsh > "
                + "~/.zfunc/_iommu-spy\n          iommu-spy completion fish > ~/.config/fish/completions/iommu-spy.fish")
        {
            shell,
        };
        command.SetAction(result =>
        {
            using StreamWriter writer = Output.OwnText();
            Action<TextWriter, RootCommand, string> write = result.GetRequiredValue(shell) switch
            {
                "bash" => BashCompletion.Write,
                "zsh" => ZshCompletion.Write,
                _ => FishCompletion.Write,
            };
            write(writer, root, CommandRunner.Name);
            return ExitCode.Done;
        });
        return command;
    }
}
