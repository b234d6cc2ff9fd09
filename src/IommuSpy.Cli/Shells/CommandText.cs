using System.CommandLine;

namespace IommuSpy.Cli.Shells;

/// <summary>What a command's description says: a summary, then paragraphs, the last of which are examples.</summary>
/// <param name="Summary">The first paragraph.</param>
/// <param name="More">The paragraphs between it and the examples.</param>
/// <param name="Examples">Command lines.</param>
internal sealed record CommandText(string Summary, IReadOnlyList<string> More, IReadOnlyList<string> Examples)
{
    private static readonly string[] Headings = ["Examples:", "Example:"];

    /// <summary>A command's.</summary>
    public static CommandText Of(Command command)
    {
        string[] paragraphs = (command.Description ?? "").Split("\n\n");
        List<string> more = [];
        List<string> examples = [];
        foreach (string paragraph in paragraphs[1..])
        {
            if (Headings.FirstOrDefault(heading => paragraph.StartsWith(heading, StringComparison.Ordinal)) is string heading)
            {
                examples.AddRange(paragraph[heading.Length..].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
            }
            else
            {
                more.Add(paragraph);
            }
        }

        return new(paragraphs[0], more, examples);
    }

    /// <summary>The first sentence of a description: for lists, where there is a line for each. Without its full stop.</summary>
    public static string FirstSentence(string? description)
    {
        string text = (description ?? "").Split("\n\n")[0].ReplaceLineEndings(" ");
        int end = text.IndexOf(". ", StringComparison.Ordinal);
        return (end < 0 ? text : text[..end]).TrimEnd('.');
    }
}
