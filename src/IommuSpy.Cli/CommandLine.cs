using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli;

/// <summary>The words of a command line: options that stand before the command, and words that are no option of it.</summary>
internal static class CommandLine
{
    private const string Terminator = "--";

    /// <summary>The same words with the root's options that stand before a command's name put behind it: `-s FILE -J info` is `info -s FILE -J`.</summary>
    /// <param name="root">The root, whose options that are no action of their own are those that may stand there.</param>
    /// <param name="args">The words.</param>
    public static string[] CommandFirst(Command root, string[] args)
    {
        int at = 0;
        while (at < args.Length && args[at].StartsWith('-') && args[at].Length > 1)
        {
            string word = args[at];
            Option? option = root.Options.FirstOrDefault(option => option.Action is null && Expected.Names(option).Any(name => Names(word, name)));
            if (option is null)
            {
                return args;
            }

            at += Expected.After(option).TakesValue && Expected.Names(option).Contains(word, StringComparer.Ordinal) ? 2 : 1;
        }

        return at == 0 || at >= args.Length ? args : [args[at], .. args[..at], .. args[(at + 1)..]];
    }

    /// <summary>What is wrong with a command line, in a line; null for a right one.</summary>
    public static string? Problem(ParseResult result, string[] args)
    {
        Command command = result.CommandResult.Command;
        if (UnknownOption(result, args) is string unknown)
        {
            return command is RootCommand
                ? $"unknown option {unknown}{Spelling.Suggestion(unknown, Expected.Options(command).SelectMany(Expected.Names))}"
                : $"{command.Name} has no option {unknown}{Spelling.Suggestion(unknown, Expected.Options(command).SelectMany(Expected.Names))}";
        }

        if (command is RootCommand { Subcommands.Count: > 0 } root && result.Errors.Count > 0)
        {
            return result.UnmatchedTokens is [string word, ..] ? UnknownCommand(root, word) : "name a command";
        }

        return result.Errors is [ParseError error, ..] ? Problem(result, command, error) : null;
    }

    /// <summary>What to say of a word that is no command.</summary>
    public static string UnknownCommand(Command root, string word) =>
        $"there is no command '{word}'{Spelling.Suggestion(word, Expected.Commands(root).Select(command => command.Name))}";

    /// <summary>Whether an answer in JSON is asked for, also by a command line that is wrong otherwise.</summary>
    public static bool AsksForJson(string[] args) => args.TakeWhile(word => word != Terminator).Any(word => word is "-J" or "--json" or "--jsonl");

    // The words of the package that parses are about its own types; what our own checks say of a value stands as it is.
    private static string Problem(ParseResult result, Command command, ParseError error) => error.SymbolResult switch
    {
        OptionResult { Implicit: false, Tokens.Count: 0, Option: var option } when option.Arity.MinimumNumberOfValues > 0 =>
            $"{option.Name} wants a value: {Expected.After(option).Name}",
        OptionResult { Option: var option } given when given.Tokens.Count > option.Arity.MaximumNumberOfValues => $"{option.Name} is given more than once",
        OptionResult { Option: var option, Tokens: [Token word, ..] } when IsNumber(option.ValueType) && !IsNumber(word.Value) =>
            $"{option.Name} takes a number, not '{word.Value}'",
        ArgumentResult { Tokens.Count: 0, Argument: var argument } when argument.Arity.MinimumNumberOfValues > 0 => Missing(command, argument),
        CommandResult when result.UnmatchedTokens is [string word, ..] => $"'{word}' is more than {command.Name} takes",
        CommandResult when command.Arguments.FirstOrDefault(argument => argument.Arity.MinimumNumberOfValues > 0
            && result.GetResult(argument) is null or { Tokens.Count: 0 }) is Argument argument => Missing(command, argument),
        _ => string.Join(' ', error.Message.Split('\n', StringSplitOptions.TrimEntries)).TrimEnd('.'),
    };

    private static string Missing(Command command, Argument argument) => $"{command.Name} wants {Expected.As(argument).Name}";

    private static bool IsNumber(string word) => long.TryParse(word, CultureInfo.InvariantCulture, out _);

    private static bool IsNumber(Type type) => (Nullable.GetUnderlyingType(type) ?? type) is { IsPrimitive: true } number && number != typeof(bool);

    private static bool Names(string word, string name) =>
        word == name || word.StartsWith(name + "=", StringComparison.Ordinal)
            || (!name.StartsWith("--", StringComparison.Ordinal) && word.StartsWith(name, StringComparison.Ordinal));

    // System.CommandLine gives a word with a dash that it does not know to an argument, or to the option before it, if either takes one.
    private static string? UnknownOption(ParseResult result, string[] args)
    {
        foreach (Token token in result.Tokens)
        {
            if (token.Type == TokenType.DoubleDash)
            {
                return null;
            }

            if (token.Type == TokenType.Argument && LooksLikeOption(token.Value) && args.Contains(token.Value, StringComparer.Ordinal))
            {
                return token.Value.Split('=')[0];
            }
        }

        return null;
    }

    private static bool LooksLikeOption(string word) =>
        word.Length > 1 && word[0] == '-' && !word.Any(char.IsWhiteSpace)
            && (char.IsAsciiLetter(word[1]) || (word.Length > 2 && word[1] == '-' && char.IsAsciiLetter(word[2])));
}
