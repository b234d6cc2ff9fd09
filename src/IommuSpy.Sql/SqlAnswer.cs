using DuckDB.NET.Native;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>The answer to a question in SQL, as a table like every other: its rows come as they are found, once.</summary>
internal sealed class SqlAnswer : Table<Cell[]>, IDisposable
{
    // Numbers under these names are shown as the tables show them.
    private static readonly Dictionary<string, Column> Hexadecimal = SqlSession.Tables.SelectMany(table => table.Columns)
        .Where(column => column.Type is ColumnType.Address or ColumnType.Hex).DistinctBy(column => column.Name, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(column => column.Name, StringComparer.OrdinalIgnoreCase);

    private readonly SqlSession _session;
    private readonly DuckDBPreparedStatement _statement;
    private readonly VectorReader[] _readers;

    /// <summary>The answer to a statement.</summary>
    /// <param name="session">Who executes it.</param>
    /// <param name="statement">The statement.</param>
    /// <param name="names">What its columns are called.</param>
    /// <param name="readers">How they are read.</param>
    public SqlAnswer(SqlSession session, DuckDBPreparedStatement statement, IReadOnlyList<string> names, VectorReader[] readers)
        : base("sql", "What a question in SQL is answered with.", [.. names.Select((name, i) => ColumnOf(name, readers[i].Type, i))])
    {
        _session = session;
        _statement = statement;
        _readers = readers;
    }

    /// <inheritdoc/>
    /// <exception cref="SqlException">It asks for more than it may take.</exception>
    /// <exception cref="TableFailedException">A table that it is about has no answer.</exception>
    public override void Rows(Question question, Action<Cell[]> receive)
    {
        DuckDBResult result = _session.Execute(_statement);
        try
        {
            while (_session.Fetch(ref result) is DuckDBDataChunk chunk)
            {
                using (chunk)
                {
                    for (int i = 0; i < _readers.Length; i++)
                    {
                        _readers[i].Attach(NativeMethods.DataChunks.DuckDBDataChunkGetVector(chunk, i));
                    }

                    ulong rows = NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk);
                    for (ulong row = 0; row < rows; row++)
                    {
                        receive(Array.ConvertAll(_readers, reader => reader.Read(row)));
                    }
                }
            }
        }
        finally
        {
            NativeMethods.Query.DuckDBDestroyResult(ref result);
        }

        question.Tell(_session.Problems);
    }

    /// <inheritdoc/>
    public void Dispose() => _statement.Dispose();

    private static Column<Cell[]> ColumnOf(string name, ColumnType type, int i)
    {
        Column? shown = type == ColumnType.Number ? Hexadecimal.GetValueOrDefault(name) : null;
        return new(name, shown?.Type ?? type, null, "", row => row[i]) { Digits = shown?.Digits ?? 1 };
    }
}
