using System.CommandLine;
using System.CommandLine.Parsing;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli;

/// <summary>Options and arguments that take one of a few words: help and completion show them, and any other is refused with them.</summary>
internal static class Choice
{
    /// <summary>Lets an option take these words alone.</summary>
    public static void TakesOnly(this Option<string> option, params string[] words)
    {
        option.CompletionSources.Add(words);
        option.Validators.Add(result => Check(result, option.Name, words));
    }

    /// <summary>Lets an argument be one of these words.</summary>
    public static void TakesOnly<T>(this Argument<T> argument, params string[] words)
    {
        argument.CompletionSources.Add(words);
        argument.Validators.Add(result => Check(result, argument.HelpName ?? argument.Name, words));
    }

    private static void Check(SymbolResult result, string name, string[] words)
    {
        foreach (Token token in result.Tokens)
        {
            if (!words.Contains(token.Value, StringComparer.Ordinal))
            {
                result.AddError($"{name} is {string.Join(", ", words[..^1])} or {words[^1]}, not '{token.Value}'{Spelling.Suggestion(token.Value, words)}");
                return;
            }
        }
    }
}
