using System.CommandLine;
using System.Text;

namespace IommuSpy.Cli.Shells;

/// <summary>Completion for fish.</summary>
internal static class FishCompletion
{
    /// <summary>Writes the script.</summary>
    public static void Write(TextWriter writer, RootCommand root, string program)
    {
        writer.WriteLine($"# fish completion of {program}: {program} completion fish > ~/.config/fish/completions/{program}.fish");
        writer.WriteLine($"complete -c {program} -f");
        foreach (Option option in Expected.Options(root))
        {
            writer.WriteLine($"complete -c {program} -n __fish_use_subcommand{Described(option)}");
        }

        foreach (Command command in Expected.Commands(root))
        {
            writer.WriteLine($"complete -c {program} -n __fish_use_subcommand -a {command.Name} -d {Quoted(CommandText.FirstSentence(command.Description))}");
        }

        foreach (Command command in Expected.Commands(root))
        {
            string within = $"complete -c {program} -n '__fish_seen_subcommand_from {command.Name}'";
            foreach (Option option in Expected.Options(command))
            {
                writer.WriteLine(within + Described(option));
            }

            foreach (Expected expected in command.Arguments.Select(Expected.As))
            {
                if (expected.Files)
                {
                    writer.WriteLine(within + " -F");
                }

                if (expected.Values.Count > 0)
                {
                    writer.WriteLine($"{within} -a {Quoted(string.Join(' ', expected.Values))}");
                }
            }
        }
    }

    private static string Described(Option option)
    {
        StringBuilder text = new();
        foreach (string name in Expected.Names(option))
        {
            text.Append(name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s '{name[1..]}'");
        }

        Expected expected = Expected.After(option);
        if (expected.TakesValue)
        {
            text.Append(expected.Files ? " -r -F" : " -x");
            text.Append(expected.Values.Count > 0 ? $" -a {Quoted(string.Join(' ', expected.Values))}" : "");
        }

        return text.Append($" -d {Quoted(CommandText.FirstSentence(option.Description))}").ToString();
    }

    private static string Quoted(string text)
        => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";
}
