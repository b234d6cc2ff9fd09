using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli;

/// <summary>
/// Writes answers that are no tables. As JSON each begins with the version of its names and with what it is; a command that takes several questions has
/// its answers in one array, though it be asked only one.
/// </summary>
internal static class Reports
{
    /// <summary>Answers one question.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="form">In which form.</param>
    /// <param name="report">The answer.</param>
    /// <param name="type">How it is written as JSON.</param>
    /// <param name="text">Writes it for people.</param>
    /// <param name="name">What the report is called; null where it is called like the command.</param>
    public static void Write<T>(
        ParseResult result, AnswerForm form, T report, JsonTypeInfo<T> type, Action<TextWriter, T> text, string? name = null)
        where T : notnull
    {
        if (form == AnswerForm.Json)
        {
            Document(result, name, type, writer => Members(writer, report, type));
        }
        else
        {
            WriteEach(result, form, [report], type, text, name);
        }
    }

    /// <summary>Answers each of several questions.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="form">In which form.</param>
    /// <param name="answers">The answers.</param>
    /// <param name="type">How one is written as JSON.</param>
    /// <param name="text">Writes one for people.</param>
    /// <param name="name">What the report is called; null where it is called like the command.</param>
    public static void WriteEach<T>(
        ParseResult result, AnswerForm form, IEnumerable<T> answers, JsonTypeInfo<T> type, Action<TextWriter, T> text, string? name = null)
    {
        switch (form)
        {
            case AnswerForm.Json:
                Document(result, name, type, writer =>
                {
                    writer.WriteStartArray("answers"u8);
                    foreach (T answer in answers)
                    {
                        JsonSerializer.Serialize(writer, answer, type);
                    }

                    writer.WriteEndArray();
                });
                break;
            case AnswerForm.JsonLines:
                Lines(answers, type);
                break;
            default:
                using (StreamWriter writer = Output.Text())
                {
                    bool isFirst = true;
                    foreach (T answer in answers)
                    {
                        if (!isFirst)
                        {
                            writer.WriteLine();
                        }

                        isFirst = false;
                        text(writer, answer);
                    }
                }

                break;
        }
    }

    private static void Document<T>(ParseResult result, string? name, JsonTypeInfo<T> type, Action<Utf8JsonWriter> members)
    {
        using Stream output = Output.Bytes();
        using (Utf8JsonWriter writer = new(output, new() { Encoder = HarmlessEncoder.Instance, Indented = type.Options.WriteIndented }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version"u8, JsonNames.Version);
            writer.WriteString("report"u8, name ?? result.CommandResult.Command.Name);
            try
            {
                members(writer);
            }
            catch when (writer.BytesCommitted == 0)
            {
                // Nothing of it was written yet: what is wrong is the whole answer.
                writer.Reset();
                throw;
            }

            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }

    /// <summary>Writes the members of a report into an object that the writer is in.</summary>
    public static void Members<T>(Utf8JsonWriter writer, T report, JsonTypeInfo<T> type)
        where T : notnull
    {
        foreach (JsonPropertyInfo property in type.Properties)
        {
            if (property.Get is { } get)
            {
                writer.WritePropertyName(property.Name);
                JsonSerializer.Serialize(writer, get(report), type.Options.GetTypeInfo(property.PropertyType));
            }
        }
    }

    private static void Lines<T>(IEnumerable<T> answers, JsonTypeInfo<T> type)
    {
        using Stream output = Output.Bytes();
        using Utf8JsonWriter writer = new(output, new() { Encoder = HarmlessEncoder.Instance });
        foreach (T answer in answers)
        {
            JsonSerializer.Serialize(writer, answer, type);
            writer.Flush();
            output.WriteByte((byte)'\n');
            writer.Reset();
        }
    }
}
