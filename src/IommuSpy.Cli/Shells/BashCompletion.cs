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
                local words='' values='' files='' list='' options='' value='' command='' piece glue='' at=1
                COMPREPLY=()

                # --option=value and qemu:PATH arrive in three words each.
                words=()
                for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
                    if [[ ${#words[@]} -gt 0 && ( -n $glue || $piece == [=:] ) ]]; then
                        words[${#words[@]}-1]+=$piece
                    else
                        words+=("$piece")
                    fi
                    glue=''
                    [[ $piece != [=:] ]] || glue=1
                done

                local last=$((${#words[@]} - 1))
                local word=${words[last]} before=${words[last-1]}
                if [[ $word == --*=* ]]; then
                    before=${word%%=*} word=${word#*=}
                fi

                while [[ $at -lt $last && -z $command ]]; do
                    case ${words[at]} in
                        {{string.Join('|',
                            Expected.Options(root).Where(option => Expected.After(option).TakesValue).SelectMany(Expected.Names))}}) at=$((at + 1)) ;;
                        -*) ;;
                        *) command=${words[at]} ;;
                    esac
                    at=$((at + 1))
                done

                case $command in
            """);
        WriteCase(writer, "''", root, $" values='{string.Join(' ', Expected.Commands(root).Select(command => command.Name))}'");
        foreach (Command command in Expected.Commands(root))
        {
            WriteCase(writer, command.Name, command, string.Concat(command.Arguments.Take(1).Select(argument => Offer(Expected.As(argument)))));
        }

        writer.WriteLine($$"""
                esac

                if [[ $word == -* && -z $value ]]; then
                    {{function}}_add -W "$options" -- "$word"
                    return
                fi

                # What stands before a colon is a word of its own to bash, which completes what is behind it.
                if [[ $word == *:* ]]; then
                    [[ $word == qemu:* ]] || files=''
                    values='' word=${word#*:}
                fi

                if [[ -n $values && -n $list && $word == *,* ]]; then
                    {{function}}_add -P "${word%,*}," -W "$values" -- "${word##*,}"
                elif [[ -n $values ]]; then
                    {{function}}_add -W "$values" -- "$word"
                fi

                if [[ -n $files ]]; then
                    compopt -o filenames 2> /dev/null
                    {{function}}_add -f -- "$word"
                fi

                if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *: ]]; then
                    compopt -o nospace 2> /dev/null
                fi
            }
            complete -F {{function}} {{program}}
            """);
    }

    private static void WriteCase(TextWriter writer, string name, Command command, string offers)
    {
        writer.WriteLine($"        {name})");
        writer.WriteLine($"            options='{string.Join(' ', Expected.Options(command).SelectMany(Expected.Names))}'");
        writer.WriteLine("            case $before in");
        foreach (Option option in Expected.Options(command))
        {
            if (Expected.After(option) is { TakesValue: true } expected)
            {
                writer.WriteLine($"                {string.Join('|', Expected.Names(option))}) value=1{Offer(expected)} ;;");
            }
        }

        if (offers.Length > 0)
        {
            writer.WriteLine($"                *){offers} ;;");
        }

        writer.WriteLine("            esac");
        writer.WriteLine("            ;;");
    }

    private static string Offer(Expected expected)
        => (expected.Values.Count > 0 ? $" values='{string.Join(' ', expected.Values)}'" : "") + (expected.Files ? " files=1" : "")
            + (expected.IsList ? " list=1" : "");
}
