using System.CommandLine;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy help: what --help says, in the order in which people ask.</summary>
internal static class HelpCommand
{
    public static Command Build(RootCommand root)
    {
        Argument<string?> topic = new("topic")
        {
            HelpName = "COMMAND",
            Description = "The command; all of them in a list without it.",
            Arity = ArgumentArity.ZeroOrOne
        };
        topic.CompletionSources.Add(_ => Expected.Commands(root).Select(command => new System.CommandLine.Completions.CompletionItem(command.Name)));
        Command help = new("help", "Help of a command, or the list of all.\n\nExample: iommu-spy help explain") { topic };
        help.SetAction(result =>
        {
            string? name = result.GetValue(topic);
            if (name is not null && !Expected.Commands(root).Any(command => command.Name == name))
            {
                throw new UsageException(CommandLine.UnknownCommand(root, name));
            }

            return root.Parse(name is null ? ["--help"] : [name, "--help"]).Invoke(result.InvocationConfiguration);
        });
        return help;
    }
}
