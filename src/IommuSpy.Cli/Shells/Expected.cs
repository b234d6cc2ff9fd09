using System.CommandLine;
using System.CommandLine.Completions;

namespace IommuSpy.Cli.Shells;

/// <summary>What may follow an option, or stand as an argument.</summary>
/// <param name="Name">What help calls it; empty for an option that takes nothing.</param>
/// <param name="Values">The words that are allowed, or are worth offering; empty where anything is.</param>
/// <param name="Files">Whether it may name a file.</param>
internal sealed record Expected(string Name, IReadOnlyList<string> Values, bool Files)
{
    // What help calls them tells the shells what they are.
    private const string Several = ",...";
    private static readonly string[] FileNames = ["FILE", "OUT"];

    /// <summary>Whether a value is expected at all.</summary>
    public bool TakesValue => Name.Length > 0;

    /// <summary>Whether several of the words may stand there, with commas between them.</summary>
    public bool IsList => Name.EndsWith(Several, StringComparison.Ordinal);

    /// <summary>What follows an option.</summary>
    public static Expected After(Option option)
    {
        if (option.ValueType == typeof(bool) || option.ValueType == typeof(void) || option.Arity.MaximumNumberOfValues == 0)
        {
            return new("", [], Files: false);
        }

        return Of(option.HelpName ?? option.Name.TrimStart('-').ToUpperInvariant(), option.GetCompletions(CompletionContext.Empty));
    }

    /// <summary>What an argument is.</summary>
    public static Expected As(Argument argument) => Of(argument.HelpName ?? argument.Name, argument.GetCompletions(CompletionContext.Empty));

    /// <summary>The names of an option, the short one first.</summary>
    public static IReadOnlyList<string> Names(Option option)
        => [.. option.Aliases.Prepend(option.Name).Distinct(StringComparer.Ordinal).Where(name => name.StartsWith('-'))
            .OrderBy(name => name.StartsWith("--", StringComparison.Ordinal))];

    /// <summary>The options that a command takes and help shows, those of every command (--help) last.</summary>
    public static IEnumerable<Option> Options(Command command)
        => command.Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)))
            .Where(option => !option.Hidden);

    /// <summary>The commands that help shows.</summary>
    public static IEnumerable<Command> Commands(Command root) => root.Subcommands.Where(command => !command.Hidden);

    private static Expected Of(string name, IEnumerable<CompletionItem> items)
        => new(name, [.. items.Select(item => item.Label)], name.Split('|').Any(part => FileNames.Contains(part, StringComparer.Ordinal)));
}
