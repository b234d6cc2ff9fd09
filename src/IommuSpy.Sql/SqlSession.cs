using System.Globalization;
using System.Runtime.ExceptionServices;
using DuckDB.NET.Native;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Captures;
using IommuSpy.Catalogue;

namespace IommuSpy.Sql;

/// <summary>
/// Captures that are asked in SQL: the tables of each are views of an in-memory database of DuckDB, whose rows are looked for when a question reads them.
/// The database opens no file but the exported ones that it was given, and loads nothing.
/// </summary>
internal sealed class SqlSession : IDisposable
{
    // Of what DuckDB keeps in memory, as for a sort or a join. There is no file for what is more.
    private const string MemoryLimit = "1GiB";

    private readonly DuckDBDatabase _database;
    private readonly DuckDBNativeConnection _connection;
    private readonly List<Captured> _captures = [];
    private readonly List<string> _folders = [];
    private readonly List<TableFunction> _functions = [];
    private readonly List<TableSource> _sources = [];
    private Exception? _failure;

    /// <summary>Begins without captures.</summary>
    /// <exception cref="SqlException">DuckDB's library is not there.</exception>
    public SqlSession()
    {
        DuckDbLibrary.Require();
        using DuckDBConfig config = Config(
            ("threads", "1"), ("memory_limit", MemoryLimit), ("temp_directory", ""), ("autoinstall_known_extensions", "false"),
            ("autoload_known_extensions", "false"), ("preserve_insertion_order", "true"));
        if (!NativeMethods.Startup.DuckDBOpen(":memory:", out _database, config, out string error).IsSuccess())
        {
            throw new SqlException(SqlFailure.Resources, $"DuckDB does not start: {Line(error)}");
        }

        if (!NativeMethods.Startup.DuckDBConnect(_database, out _connection).IsSuccess())
        {
            throw new SqlException(SqlFailure.Resources, "DuckDB takes no connection");
        }
    }

    /// <summary>The tables that can be asked: those that a machine alone answers, and those that a text can ask for a part.</summary>
    public static IReadOnlyList<Table> Tables { get; } =
    [
        .. AllTables.All.Where(table => table.Subject == TableSubject.Machine
            || (table.Subject == TableSubject.Part && table.Filters.Any(filter => filter.IsCondition))),
    ];

    /// <summary>What the answers of the tables lacked, so far.</summary>
    public IReadOnlyList<string> Problems => [.. _sources.SelectMany(source => source.Problems)];

    /// <summary>What SQL calls a table: its name, with _ for -.</summary>
    public static string NameOf(Table table) => table.Name.Replace('-', '_');

    /// <summary>Adds a capture.</summary>
    /// <param name="source">What it was opened as.</param>
    /// <param name="machine">The machine, which stays open as long as this.</param>
    public void Add(string source, Machine machine) => _captures.Add(new(source, machine));

    /// <summary>Adds the captures of a folder that export has filled, or of the one folder of a capture.</summary>
    public void AddFolder(string folder) => _folders.Add(Path.GetFullPath(folder));

    /// <summary>Makes views of all that was added; nothing is added later.</summary>
    public void Begin()
    {
        Run($"SET allowed_directories = [{string.Join(", ", _folders.Select(Text))}]");
        Run("SET enable_external_access = false");
        bool several = _captures.Count > 1 || _folders.Count > 0;
        List<(string Capture, string Source)> rows = [];
        Dictionary<string, List<string>> parts = Tables.ToDictionary(NameOf, _ => new List<string>(), StringComparer.Ordinal);
        for (int i = 0; i < _captures.Count; i++)
        {
            (string path, Machine machine) = _captures[i];
            string id = CaptureId.Of(machine).ToString();
            rows.Add((id, path));
            foreach (Table table in Tables)
            {
                string function = _captures.Count == 1 ? NameOf(table) : string.Create(CultureInfo.InvariantCulture, $"{NameOf(table)}_{i + 1}");
                TableSource source = new(machine, several ? id : null, table);
                _sources.Add(source);
                _functions.Add(new(_connection, function, source, failure => _failure ??= failure));
                if (table.Subject == TableSubject.Machine)
                {
                    parts[NameOf(table)].Add($"SELECT {(several ? $"{Text(id)} AS capture, " : "")}* FROM {function}()");
                }
            }
        }

        foreach (string folder in _folders)
        {
            rows.AddRange(AddExported(folder, parts));
        }

        foreach ((string name, List<string> selects) in parts.Where(part => part.Value.Count > 0))
        {
            Run($"CREATE VIEW {name} AS {string.Join(" UNION ALL BY NAME ", selects)}");
        }

        if (rows.GroupBy(row => row.Capture, StringComparer.Ordinal).FirstOrDefault(capture => capture.Count() > 1) is { } twice)
        {
            throw new SqlException(SqlFailure.Question,
                $"one capture is named twice: {string.Join(" and ", twice.Select(row => row.Source))} are {twice.Key}");
        }

        string captures = string.Join(", ", rows.Select(row => $"({Text(row.Capture)}, {Text(row.Source)})"));
        Run($"CREATE VIEW captures AS SELECT * FROM (VALUES {captures}) AS its(capture, source)");
        Run("SET lock_configuration = true");
    }

    /// <summary>Reads a question; it is answered when its rows are asked for, once.</summary>
    /// <exception cref="SqlException">It makes no sense.</exception>
    public SqlAnswer Ask(string query)
    {
        int count = NativeMethods.ExtractStatements.DuckDBExtractStatements(_connection, query, out DuckDBExtractedStatements statements);
        using (statements)
        {
            if (count == 0)
            {
                string error = NativeMethods.ExtractStatements.DuckDBExtractStatementsError(statements);
                throw new SqlException(SqlFailure.Question, string.IsNullOrEmpty(error) ? "the question is empty" : Line(error));
            }
        }

        if (count > 1)
        {
            throw new SqlException(SqlFailure.Question, "write one question: there are several, with ; between");
        }

        DuckDBPreparedStatement statement = Prepare(query);
        (string Name, VectorReader? Reader)[] columns = Columns(statement);
        if (columns.Any(column => column.Reader is null))
        {
            // Times, decimals, records and their kin, as DuckDB writes them.
            string[] shown = [.. columns.Select((column, i) => column.Reader is null ? $"CAST(c{i} AS VARCHAR)" : $"c{i}")];
            statement.Dispose();
            string names = string.Join(", ", columns.Select((_, i) => $"c{i}"));
            statement = Prepare($"SELECT {string.Join(", ", shown)} FROM ({query.TrimEnd().TrimEnd(';')}\n) AS its({names})");
            columns = [.. Columns(statement).Select((column, i) => (columns[i].Name, column.Reader))];
        }

        return new(this, statement, Apart([.. columns.Select(column => column.Name)]), [.. columns.Select(column => column.Reader!)]);
    }

    /// <summary>Gives up the question that is being answered, from whatever thread: reading its rows fails.</summary>
    public void Interrupt() => DuckDbLibrary.Interrupt(_connection);

    /// <summary>Begins to answer a statement.</summary>
    internal DuckDBResult Execute(DuckDBPreparedStatement statement)
    {
        DuckDBState state = NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(statement, out DuckDBResult result);
        return state.IsSuccess() ? result : throw Failed(result);
    }

    /// <summary>The next rows of an answer; null when there are no more.</summary>
    internal DuckDBDataChunk? Fetch(ref DuckDBResult result)
    {
        DuckDBDataChunk chunk = NativeMethods.Query.DuckDBFetchChunk(result);
        if (!chunk.IsInvalid && NativeMethods.DataChunks.DuckDBDataChunkGetSize(chunk) > 0)
        {
            return chunk;
        }

        chunk.Dispose();
        return NativeMethods.Query.DuckDBResultError(ref result) is { Length: > 0 } error ? throw Failure(error) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _connection.Dispose();
        _database.Dispose();
        foreach (TableFunction function in _functions)
        {
            function.Dispose();
        }
    }

    private static DuckDBConfig Config(params (string Name, string Value)[] settings)
    {
        _ = NativeMethods.Configuration.DuckDBCreateConfig(out DuckDBConfig config);
        foreach ((string name, string value) in settings)
        {
            if (!NativeMethods.Configuration.DuckDBSetConfig(config, name, value).IsSuccess())
            {
                throw new SqlException(SqlFailure.Library, $"DuckDB {NativeMethods.Startup.DuckDBLibraryVersion()} does not know the setting {name}");
            }
        }

        return config;
    }

    // Each capture's folder of its own: which tables it has differs.
    private static List<(string Capture, string Source)> AddExported(string folder, Dictionary<string, List<string>> parts)
    {
        const string Prefix = "capture=";
        string[] captures = Path.GetFileName(folder).StartsWith(Prefix, StringComparison.Ordinal) ? [folder]
            : [.. Directory.EnumerateDirectories(folder, Prefix + "*").Order(StringComparer.Ordinal)];
        List<(string Capture, string Source)> rows = [];
        foreach (string capture in captures)
        {
            string id = Path.GetFileName(capture)[Prefix.Length..];
            rows.Add((id, capture));
            foreach ((string name, List<string> selects) in parts)
            {
                string file = Path.Combine(capture, $"{Tables.Single(table => NameOf(table) == name).Name}.parquet");
                if (File.Exists(file))
                {
                    selects.Add($"SELECT {Text(id)} AS capture, * FROM read_parquet({Text(file)}, hive_partitioning = false)");
                }
            }
        }

        return rows.Count > 0 ? rows
            : throw new SqlException(SqlFailure.Question, $"{folder} holds no capture=ID/TABLE.parquet: it is no folder that export has filled");
    }

    private static string Text(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";

    // DuckDB shows below its messages where in the question it means.
    private static string Line(string error)
    {
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return string.Join(' ', lines.TakeWhile(line => !line.StartsWith("LINE ", StringComparison.Ordinal)));
    }

    private DuckDBPreparedStatement Prepare(string query)
    {
        DuckDBState state = NativeMethods.PreparedStatements.DuckDBPrepare(_connection, query, out DuckDBPreparedStatement statement);
        if (!state.IsSuccess())
        {
            string error = NativeMethods.PreparedStatements.DuckDBPrepareError(statement);
            statement.Dispose();
            throw Failure(error);
        }

        return statement;
    }

    private static (string Name, VectorReader? Reader)[] Columns(DuckDBPreparedStatement statement)
    {
        (string, VectorReader?)[] columns = new (string, VectorReader?)[DuckDbLibrary.ColumnCount(statement)];
        for (int i = 0; i < columns.Length; i++)
        {
            using DuckDBLogicalType type = DuckDbLibrary.ColumnType(statement, (ulong)i);
            columns[i] = (DuckDbLibrary.ColumnName(statement, (ulong)i), VectorReader.Of(type));
        }

        return columns;
    }

    // An object of JSON has a name once.
    private static string[] Apart(string[] names)
    {
        HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
        return Array.ConvertAll(names, name =>
        {
            string its = name;
            for (int i = 1; !taken.Add(its); i++)
            {
                its = string.Create(CultureInfo.InvariantCulture, $"{name}_{i}");
            }

            return its;
        });
    }

    private SqlException Failed(DuckDBResult result)
    {
        string error = NativeMethods.Query.DuckDBResultError(ref result);
        NativeMethods.Query.DuckDBDestroyResult(ref result);
        return Failure(error);
    }

    private void Run(string statement)
    {
        using DuckDBPreparedStatement prepared = Prepare(statement);
        DuckDBState state = NativeMethods.PreparedStatements.DuckDBExecutePrepared(prepared, out DuckDBResult result);
        if (!state.IsSuccess())
        {
            throw Failed(result);
        }

        NativeMethods.Query.DuckDBDestroyResult(ref result);
    }

    // What a table failed at is said by it, rather than by DuckDB.
    private SqlException Failure(string error)
    {
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }

        return error.StartsWith("Out of Memory", StringComparison.Ordinal)
            ? new SqlException(SqlFailure.Resources, $"the question takes more than the {MemoryLimit} that it may: leave out a sort or a join, or narrow it")
            : new SqlException(SqlFailure.Question, Line(error));
    }

    private sealed record Captured(string Source, Machine Machine);
}
