using System.CommandLine;

namespace IommuSpy.Cli.Shells;

/// <summary>Completion for bash, with or without the bash-completion package.</summary>
internal static class BashCompletion
{
    /// <summary>Writes the script.</summary>
    public static void Write(TextWriter writer, RootCommand root, string program)
    {
        string function = "_" + program.Replace('-', '_');
        writer.WriteLine($$"""
            # bash completion of {{program}}: source <({{program}} completion bash)
            {{function}}_add() {
                local found
                found=$(compgen "$@") && mapfile -t -O ${#COMPREPLY[@]} COMPREPLY <<< "$found"
            }
            {{function}}() {
                local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} values='' files='' options='' value=''
                COMPREPLY=()

                # --option=value arrives in three words.
                if [[ $word == '=' ]]; then
                    word=''
                elif [[ $before == '=' && $COMP_CWORD -gt 2 ]]; then
                    before=${COMP_WORDS[COMP_CWORD-2]}
                fi

                if [[ $COMP_CWORD -eq 1 ]]; then
                    {{function}}_add -W '{{string.Join(' ', Expected.Commands(root).Select(command => command.Name).Concat(Expected.Options(root).SelectMany(Expected.Names)))}}' -- "$word"
                    return
                fi

                case ${COMP_WORDS[1]} in
            """);
        foreach (Command command in Expected.Commands(root))
        {
            WriteCommand(writer, command);
        }

        writer.WriteLine($$"""
                esac

                if [[ $word == -* && -z $value ]]; then
                    {{function}}_add -W "$options" -- "$word"
                    return
                fi

                [[ -z $values ]] || {{function}}_add -W "$values" -- "$word"
                if [[ -n $files ]]; then
                    compopt -o filenames 2> /dev/null
                    {{function}}_add -f -- "$word"
                fi
            }
            complete -F {{function}} {{program}}
            """);
    }

    private static void WriteCommand(TextWriter writer, Command command)
    {
        writer.WriteLine($"        {command.Name})");
        writer.WriteLine($"            options='{string.Join(' ', Expected.Options(command).SelectMany(Expected.Names))}'");
        writer.WriteLine("            case $before in");
        foreach (Option option in Expected.Options(command))
        {
            if (Expected.After(option) is { TakesValue: true } expected)
            {
                writer.WriteLine($"                {string.Join('|', Expected.Names(option))}) value=1{Offer(expected)} ;;");
            }
        }

        string offers = string.Concat(command.Arguments.Take(1).Select(argument => Offer(Expected.As(argument))));
        if (offers.Length > 0)
        {
            writer.WriteLine($"                *){offers} ;;");
        }

        writer.WriteLine("            esac");
        writer.WriteLine("            ;;");
    }

    private static string Offer(Expected expected)
        => (expected.Values.Count > 0 ? $" values='{string.Join(' ', expected.Values)}'" : "") + (expected.Files ? " files=1" : "");
}
