using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Shells;
using ModelContextProtocol.Protocol;
using Argument = System.CommandLine.Argument;

namespace IommuSpy.Cli.Assistants;

/// <summary>A command as a tool of the Model Context Protocol: its arguments and options are the tool's, and its JSON is the tool's answer.</summary>
/// <remarks>Model Context Protocol specification 2025-11-25, Server Features, Tools.</remarks>
internal sealed class CommandTool
{
    /// <summary>The rows that an answer has unless more are asked for.</summary>
    public const int UsualRows = 100;

    /// <summary>The rows that an answer may have.</summary>
    public const int MostRows = 10_000;

    private const string Rows = "rows";
    private const string Document = "--json";
    private const string Lines = "--jsonl";

    // They ask nothing, never end, or want a second image.
    private static readonly string[] NoTools = ["acquire", "compare", "convert", "export", "report", "watch"];

    // The machine is the session's, the form is ours, and standard input is the protocol's. Nor may any name a file of this machine.
    private static readonly string[] NoParameters =
    [
        "--ram-split", "--allow-truncated", "--pause", Document, Lines, "--csv", "--markdown", "--stdin", "--force", "--fail-on", "--sarif", "--color",
        "--no-pager", "--no-sandbox", "--help",
    ];

    private readonly Command _command;
    private readonly IReadOnlyList<(string Name, Argument Argument)> _arguments;
    private readonly IReadOnlyList<(string Name, Option Option)> _options;

    private CommandTool(Command command)
    {
        _command = command;
        _options = [.. Expected.Options(command)
            .Where(option => !NoParameters.Contains(option.Name, StringComparer.Ordinal) && !Expected.After(option).Files)
            .Select(option => (option.Name.TrimStart('-'), option))];
        _arguments = [.. command.Arguments.Select(argument => (NameOf(argument), argument))];
        AnswersInRows = Has(command, Lines);
    }

    /// <summary>The command's name.</summary>
    public string Name => _command.Name;

    /// <summary>Whether it answers in rows, of which some can be left out.</summary>
    public bool AnswersInRows { get; }

    /// <summary>The tools: every command that answers a question about the session's machine in JSON.</summary>
    /// <param name="root">The commands.</param>
    public static IReadOnlyList<CommandTool> Of(Command root) =>
        [.. Expected.Commands(root).Where(command => Has(command, Document) && (Has(command, "--source") || command.Name == "tables")
            && !NoTools.Contains(command.Name, StringComparer.Ordinal)).Select(command => new CommandTool(command))];

    /// <summary>How the protocol describes it.</summary>
    public Tool Describe()
    {
        // Its examples are command lines.
        CommandText text = CommandText.Of(_command);
        return new()
        {
            Name = Name,
            Description = string.Join("\n\n", [text.Summary, .. text.More]),
            InputSchema = Schema(),
            Annotations = new() { ReadOnlyHint = true, DestructiveHint = false, IdempotentHint = true, OpenWorldHint = false },
        };
    }

    /// <summary>The command line of a call.</summary>
    /// <param name="given">The tool's arguments by name.</param>
    /// <param name="rows">How many rows the answer may have.</param>
    /// <exception cref="UsageException">They are not of this tool.</exception>
    public string[] Words(IDictionary<string, JsonElement> given, out int rows)
    {
        if (given.Keys.FirstOrDefault(name => !Names().Contains(name, StringComparer.Ordinal)) is string unknown)
        {
            throw new UsageException($"{Name} has no parameter '{unknown}'{Spelling.Suggestion(unknown, Names())}");
        }

        rows = UsualRows;
        if (given.TryGetValue(Rows, out JsonElement number)
            && (number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out rows) || rows is < 1 or > MostRows))
        {
            throw new UsageException($"{Rows} is a number from 1 to {MostRows}");
        }

        List<string> words = [Name, AnswersInRows ? Lines : Document];
        foreach ((string name, Option option) in _options)
        {
            bool isSwitch = !Expected.After(option).TakesValue;
            foreach (string value in given.TryGetValue(name, out JsonElement element) ? Values(name, element, isSwitch) : [])
            {
                words.Add(isSwitch ? option.Name : $"{option.Name}={value}");
            }
        }

        words.Add("--");
        string? missing = null;
        foreach ((string name, _) in _arguments)
        {
            string[] values = given.TryGetValue(name, out JsonElement element) ? [.. Values(name, element, isSwitch: false)] : [];
            if (values.Length > 0 && missing is not null)
            {
                throw new UsageException($"{Name}: {name} needs {missing} beside it");
            }

            missing ??= values.Length == 0 ? name : null;
            words.AddRange(values);
        }

        return [.. words];
    }

    private static bool Has(Command command, string option) => command.Options.Any(one => one.Name == option);

    // What help calls it, up to what no JSON name has: PHYS|PFN is phys.
    private static string NameOf(Argument argument) => string.Concat(argument.Name.ToLowerInvariant().TakeWhile(char.IsAsciiLetterOrDigit));

    private static bool TakesSeveral(Type type, ArgumentArity arity) => type.IsArray || arity.MaximumNumberOfValues > 1;

    private static IEnumerable<string> Values(string name, JsonElement value, bool isSwitch) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => [],
        JsonValueKind.True when isSwitch => [""],
        JsonValueKind.String when !isSwitch => [value.GetString()!],
        JsonValueKind.Number when !isSwitch => [value.GetRawText()],
        JsonValueKind.Array when !isSwitch => value.EnumerateArray().SelectMany(one => one.ValueKind == JsonValueKind.Array
            ? throw new UsageException($"{name} is a list of texts") : Values(name, one, isSwitch)),
        _ => throw new UsageException(isSwitch ? $"{name} is true or false" : $"{name} is a text"),
    };

    private IEnumerable<string> Names() =>
        _options.Select(option => option.Name).Concat(_arguments.Select(argument => argument.Name)).Concat(AnswersInRows ? [Rows] : []);

    private JsonElement Schema()
    {
        JsonObject properties = [];
        JsonArray required = [];
        foreach ((string name, Argument argument) in _arguments)
        {
            properties[name] = Property(Expected.As(argument), TakesSeveral(argument.ValueType, argument.Arity), argument.Description);
            if (argument.Arity.MinimumNumberOfValues > 0)
            {
                required.Add((JsonNode)name);
            }
        }

        foreach ((string name, Option option) in _options)
        {
            properties[name] = Property(Expected.After(option), TakesSeveral(option.ValueType, option.Arity), option.Description);
        }

        if (AnswersInRows)
        {
            properties[Rows] = new JsonObject
            {
                ["type"] = "integer",
                ["minimum"] = 1,
                ["maximum"] = MostRows,
                ["description"] = $"How many rows the answer may have, {UsualRows} unless told. Whether there are more is said.",
            };
        }

        JsonObject schema = new()
        {
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = required,
            ["additionalProperties"] = false,
        };
        using JsonDocument document = JsonDocument.Parse(schema.ToJsonString());
        return document.RootElement.Clone();
    }

    private static JsonObject Property(Expected expected, bool takesSeveral, string? description)
    {
        string form = expected.TakesValue ? $"{expected.Name}: " : "";
        JsonObject property = new() { ["description"] = form + description };
        if (!expected.TakesValue)
        {
            property["type"] = "boolean";
        }
        else if (takesSeveral)
        {
            property["type"] = "array";
            property["items"] = new JsonObject { ["type"] = "string" };
        }
        else
        {
            property["type"] = "string";
        }

        return property;
    }
}
