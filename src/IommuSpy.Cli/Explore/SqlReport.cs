using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Explorer.Server;
using IommuSpy.Sql;

namespace IommuSpy.Cli.Explore;

/// <summary>
/// Questions in SQL, for the explorer. Each has a database of its own that goes with it: what a question makes or drops there is gone before the next. One is
/// answered at a time, since each may take as much memory as the program has for it.
/// </summary>
internal static class SqlReport
{
    private const int MostCharacters = 8000;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly SemaphoreSlim Asked = new(1);

    /// <summary>Writes the rows that answer `query`; without one, the tables that can be asked and questions to begin with.</summary>
    /// <exception cref="SqlException">DuckDB's library is not there, the question makes no sense, or it takes too much.</exception>
    public static void Write(Machine machine, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        string? query = parameters.Find("query");
        if (query?.Length > MostCharacters)
        {
            throw new QuestionException($"a question has {MostCharacters} characters at the most");
        }

        if (!Asked.Wait(Patience, cancel))
        {
            throw new SqlException(SqlFailure.Resources, "another question in SQL is being answered");
        }

        try
        {
            using SqlSession session = new();
            if (query is null)
            {
                Offer(writer);
            }
            else
            {
                session.Add(machine.Image.Path, machine);
                Answer(session, query, parameters, writer, cancel);
            }
        }
        finally
        {
            Asked.Release();
        }
    }

    private static void Answer(SqlSession session, string query, Parameters parameters, Utf8JsonWriter writer, CancellationToken cancel)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        ended.CancelAfter(Longest);
        using CancellationTokenRegistration interrupted = ended.Token.Register(session.Interrupt);
        try
        {
            session.Begin();
            using SqlAnswer answer = session.Ask(query);
            RowPage.Columns(answer, writer);
            RowPage.Write(answer, View.Whole, new(), parameters, writer, ended.Token);
        }
        catch (Exception e) when (ended.IsCancellationRequested && e is SqlException or TableFailedException or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new SqlException(SqlFailure.Resources, $"the question takes longer than the {Longest.TotalSeconds} s that it may: narrow it");
        }
    }

    private static void Offer(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("tables"u8);
        foreach (Table table in SqlSession.Tables)
        {
            writer.WriteStringValue(SqlSession.NameOf(table));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("examples"u8);
        foreach (SqlExample example in SqlExamples.All)
        {
            writer.WriteStartObject();
            writer.WriteString("sentence"u8, example.Sentence);
            writer.WriteString("query"u8, example.Query);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
