namespace IommuSpy.Sql;

/// <summary>Why a question in SQL has no answer.</summary>
internal enum SqlFailure
{
    /// <summary>The question makes no sense: its words, a table or a column that is not there, an operation that is not allowed.</summary>
    Question,

    /// <summary>DuckDB's library is not there.</summary>
    Library,

    /// <summary>Asking it needs more than it may take.</summary>
    Resources,
}

/// <summary>A question in SQL that has no answer. The message is one line.</summary>
internal sealed class SqlException(SqlFailure failure, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public SqlFailure Failure => failure;
}

/// <summary>A table that the question is about has no answer of its own; what went wrong is inside.</summary>
internal sealed class TableFailedException(string table, Exception inner) : Exception(inner.Message, inner)
{
    /// <summary>The table, with the capture where there are several: "ps", "ps of 1f3a...".</summary>
    public string Table => table;
}
