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
        string function = "__" + program.Replace('-', '_');
        writer.WriteLine($$"""
            function {{function}}_command
                set -l skip 0
                for word in (commandline -opc)[2..-1]
                    if test $skip -eq 1
                        set skip 0
                        continue
                    end
                    switch $word
                        case {{string.Join(' ', Expected.Options(root).Where(option => Expected.After(option).TakesValue).SelectMany(Expected.Names))}}
                            set skip 1
                        case '-*'
                        case '*'
                            echo $word
                            return
                    end
                end
            end
            function {{function}}_in
                set -l command ({{function}}_command)
                test "$command" = "$argv[1]"
            end
            function {{function}}_list
                set -l before (commandline -ct | string replace -r -- '^--[^=]*=' '' | string replace -rf -- '^(.*,)[^,]*$' '$1')
                printf '%s\n' "$before"$argv
            end
            complete -c {{program}} -f
            """);
        foreach (Option option in Expected.Options(root))
        {
            writer.WriteLine($"complete -c {program} -n '{function}_in \"\"'{Described(option, function)}");
        }

        foreach (Command command in Expected.Commands(root))
        {
            writer.WriteLine($"complete -c {program} -n '{function}_in \"\"' -a {command.Name} -d {Quoted(CommandText.FirstSentence(command.Description))}");
        }

        foreach (Command command in Expected.Commands(root))
        {
            string within = $"complete -c {program} -n '{function}_in {command.Name}'";
            foreach (Option option in Expected.Options(command))
            {
                writer.WriteLine(within + Described(option, function));
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

    private static string Described(Option option, string function)
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
            string words = string.Join(' ', expected.Values);
            text.Append(words.Length > 0 ? $" -a {Quoted(expected.IsList ? $"({function}_list {words})" : words)}" : "");
        }

        return text.Append($" -d {Quoted(CommandText.FirstSentence(option.Description))}").ToString();
    }

    private static string Quoted(string text)
        => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal) + "'";
}
