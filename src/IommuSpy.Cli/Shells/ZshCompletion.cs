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

            _{{program}}_word_or_file() {
                if compset -P 'qemu:'; then
                    _files
                    return
                fi
                compadd -- ${@:#*:}
                compadd -S '' -- ${(M)@:#*:}
                _files
            }

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
        WriteOptions(writer, root, program);
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
            WriteOptions(writer, command, program);
            string[] arguments = [.. command.Arguments.Select(argument => Argument(argument, program))];
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

    private static void WriteOptions(TextWriter writer, Command command, string program)
    {
        foreach (Option option in Expected.Options(command))
        {
            IReadOnlyList<string> names = Expected.Names(option);
            Expected expected = Expected.After(option);
            string text =
                $"[{Escaped(CommandText.FirstSentence(option.Description)).Replace("[", "\\[", StringComparison.Ordinal)
                    .Replace("]", "\\]", StringComparison.Ordinal)}]{(expected.TakesValue ? Value(expected, program) : "")}";
            string others = $"({string.Join(' ', names)})";
            foreach (string name in names)
            {
                string written = expected.TakesValue && name.StartsWith("--", StringComparison.Ordinal) ? name + "=" : name;
                writer.WriteLine($"        {Quoted((option.Arity.MaximumNumberOfValues > 1 ? "*" : others) + written + text)} \\");
            }
        }
    }

    private static string Argument(Argument argument, string program) =>
        Quoted((argument.Arity.MaximumNumberOfValues > 1 ? "*" : "") + Value(Expected.As(argument), program));

    private static string Value(Expected expected, string program)
    {
        string action = expected switch
        {
            { Values.Count: > 0, Files: true } => $" _{program}_word_or_file {Escaped(string.Join(' ', expected.Values))}",
            { IsList: true } => $"_values -s , {expected.Name.Split(',')[0]} {string.Join(' ', expected.Values)}",
            { Values.Count: > 0 } => $"({string.Join(' ', expected.Values)})",
            { Files: true } => "_files",
            _ => "",
        };
        return $":{Escaped(expected.Name)}:{action}";
    }

    private static string Escaped(string text) => text.Replace(":", "\\:", StringComparison.Ordinal);

    private static string Quoted(string text) => "'" + text.Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
