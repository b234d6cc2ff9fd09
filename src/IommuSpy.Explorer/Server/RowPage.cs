using System.Text.Json;
using IommuSpy.Catalogue;
using IommuSpy.Memory;

namespace IommuSpy.Explorer.Server;

/// <summary>Some rows of a table, from `offset`, at the most `limit` of them.</summary>
internal static class RowPage
{
    private const int MostRows = 1000;
    private const int OrdinaryRows = 200;

    /// <summary>Writes the columns of a table.</summary>
    public static void Columns(Table table, Utf8JsonWriter writer)
    {
        writer.WriteStartArray("columns"u8);
        foreach (Column column in table.Columns)
        {
            writer.WriteStartObject();
            writer.WriteString("column"u8, column.Name);
            writer.WriteString("type"u8, Words<ColumnType>.Of(column.Type));
            writer.WriteString("unit"u8, column.Unit);
            writer.WriteString("meaning"u8, column.Sentence);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    /// <summary>Writes rows. One row more than is asked for tells whether there are more; the search ends there.</summary>
    /// <exception cref="QuestionException">A parameter makes no sense, or the view has no such column.</exception>
    /// <exception cref="OperationCanceledException">Nobody waits for them any more.</exception>
    public static void Write(Table table, View view, Question question, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        long offset = parameters.Number("offset", 0, 0, long.MaxValue);
        long limit = parameters.Number("limit", OrdinaryRows, 1, MostRows);
        long seen = 0;
        bool more = false;
        writer.WriteNumber("offset"u8, offset);
        writer.WriteStartArray("rows"u8);
        try
        {
            table.Write(view, question, writer, () =>
            {
                cancel.ThrowIfCancellationRequested();
                long row = seen++;
                more = row >= offset + limit;
                return more ? throw new EnoughException() : row >= offset;
            });
        }
        catch (EnoughException)
        {
            // The page is full.
        }

        writer.WriteEndArray();
        writer.WriteBoolean("more"u8, more);
        if (!more)
        {
            writer.WriteNumber("count"u8, seen);
        }

        writer.WriteStartArray("problems"u8);
        foreach (string problem in question.Problems.Concat(WorkBudget.OfProcess.Problems))
        {
            writer.WriteStringValue(problem);
        }

        writer.WriteEndArray();
    }

#pragma warning disable CA1032, CA1064, S3871 // It never leaves this class.
    private sealed class EnoughException : Exception;
#pragma warning restore CA1032, CA1064, S3871
}
