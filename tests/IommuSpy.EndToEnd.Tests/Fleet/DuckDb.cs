using DuckDB.NET.Data;

namespace IommuSpy.EndToEnd.Tests.Fleet;

/// <summary>A reader of Parquet that has nothing to do with the writer.</summary>
internal static class DuckDb
{
    /// <summary>The rows of a query, each as its values.</summary>
    public static IReadOnlyList<object?[]> Rows(string query)
    {
        using DuckDBConnection connection = new("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = query;
        using DuckDBDataReader reader = (DuckDBDataReader)command.ExecuteReader();
        List<object?[]> rows = [];
        while (reader.Read())
        {
            rows.Add([.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? null : reader.GetValue(i))]);
        }

        return rows;
    }

    /// <summary>The rows of a file, each as JSON.</summary>
    public static IEnumerable<string> Json(string file) =>
        Rows($"SELECT to_json(t)::VARCHAR FROM read_parquet('{file}', hive_partitioning = false) t").Select(row => (string)row[0]!);

    /// <summary>What the file says of itself.</summary>
    public static Dictionary<string, string> Metadata(string file) =>
        Rows($"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{file}')").ToDictionary(row => (string)row[0]!, row => (string)row[1]!);
}
