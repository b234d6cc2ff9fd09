using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace IommuSpy.Cli.Shells;

/// <summary>Help of the program itself: a line for each command. Each command's own help has the rest and the examples.</summary>
internal sealed class RootHelp(HelpAction help) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => help.ClearsParseErrors;

    /// <summary>Gives a program such help.</summary>
    public static void Use(Command root)
    {
        HelpOption option = root.Options.OfType<HelpOption>().Single();
        HelpAction help = (HelpAction)option.Action!;

        // Lines are folded on their way to a terminal, as those of every answer.
        help.MaxWidth = int.MaxValue;
        option.Action = new RootHelp(help);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        if (parseResult.CommandResult.Command is RootCommand root)
        {
            foreach (Command command in root.Subcommands)
            {
                command.Description = CommandText.FirstSentence(command.Description) + ".";
            }
        }

        return help.Invoke(parseResult);
    }
}
