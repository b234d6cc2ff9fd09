using System.CommandLine;

namespace IommuSpy.Cli;

/// <summary>In which form a command answers.</summary>
internal sealed class OutputOptions
{
    private readonly Option<bool> _json = JsonOption();
    private readonly Option<bool>? _jsonLines;

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="rows">Whether it answers in rows, which can be streamed.</param>
    public OutputOptions(Command command, bool rows = false)
    {
        command.Options.Add(_json);
        if (rows)
        {
            _jsonLines = new("--jsonl") { Description = "Answer as JSON Lines: one row a line, as it is found." };
            command.Options.Add(_jsonLines);
        }
    }

    /// <summary>-J, which may stand before the command too.</summary>
    public static Option<bool> JsonOption() => new("--json", "-J") { Description = "Answer as one JSON document." };

    /// <summary>Whether -J was given.</summary>
    public bool Json(ParseResult result) => result.GetValue(_json);

    /// <summary>Whether --jsonl was given.</summary>
    public bool JsonLines(ParseResult result) => _jsonLines is not null && result.GetValue(_jsonLines);

    /// <summary>In which form the answer is wanted.</summary>
    public AnswerForm Form(ParseResult result) =>
        JsonLines(result) ? AnswerForm.JsonLines : Json(result) ? AnswerForm.Json : AnswerForm.Text;
}
