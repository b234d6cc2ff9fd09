using System.CommandLine;

namespace IommuSpy.Cli.Shells;

/// <summary>Completion for zsh: a file _iommu-spy in a folder of $fpath.</summary>
internal static class ZshCompletion
{
    /// <summary>Writes the script.</summary>
    public static void Write(TextWriter writer, RootCommand root, string program)
    {
        writer.WriteLine($$"""
            #compdef {{program}}
            # zsh completion of {{program}}: {{program}} completion zsh > ~/.zfunc/_{{program}}, with fpath+=~/.zfunc before compinit

            _{{program}}() {
                local state line
                local -a commands=(
            """);
        foreach (Command command in Expected.Commands(root))
        {
            writer.WriteLine($"        {Quoted(command.Name + ":" + CommandText.FirstSentence(command.Description))}");
        }

        writer.WriteLine("    )");
        writer.WriteLine("    _arguments -C \\");
        WriteOptions(writer, root);
        writer.WriteLine($$"""
                    '1: :->command' '*:: :->rest'
                case $state in
                    command) _describe command commands ;;
                    rest)
                        case $words[1] in
            """);
        foreach (Command command in Expected.Commands(root))
        {
            writer.WriteLine($"                {command.Name})");
            writer.WriteLine("                    _arguments \\");
            WriteOptions(writer, command);
            string[] arguments = [.. command.Arguments.Select(Argument)];
            writer.WriteLine($"        {(arguments.Length > 0 ? string.Join(' ', arguments) : "':'")} ;;");
        }

        writer.WriteLine($$"""
                        esac
                        ;;
                esac
            }

            if [ "$funcstack[1]" = "_{{program}}" ]; then
                _{{program}} "$@"
            else
                compdef _{{program}} {{program}}
            fi
            """);
    }

    private static void WriteOptions(TextWriter writer, Command command)
    {
        foreach (Option option in Expected.Options(command))
        {
            IReadOnlyList<string> names = Expected.Names(option);
            Expected expected = Expected.After(option);
            string text = $"[{Escaped(CommandText.FirstSentence(option.Description)).Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal)}]{(expected.TakesValue ? Value(expected) : "")}";
            string others = $"({string.Join(' ', names)})";
            foreach (string name in names)
            {
                writer.WriteLine($"        {Quoted((option.Arity.MaximumNumberOfValues > 1 ? "*" : others) + name + text)} \\");
            }
        }
    }

    private static string Argument(Argument argument) => Quoted((argument.Arity.MaximumNumberOfValues > 1 ? "*" : "") + Value(Expected.As(argument)));

    private static string Value(Expected expected)
    {
        string action = expected switch
        {
            { Values.Count: > 0, Files: true } => $"_alternative \"words::({string.Join(' ', expected.Values)})\" \"files::_files\"",
            { Values.Count: > 0 } => $"({string.Join(' ', expected.Values)})",
            { Files: true } => "_files",
            _ => "",
        };
        return $":{Escaped(expected.Name)}:{action}";
    }

    private static string Escaped(string text) => text.Replace(":", "\\:", StringComparison.Ordinal);

    private static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
