namespace IommuSpy.Catalogue;

/// <summary>The page of documentation that lists every table: docs/tables.md.</summary>
internal static class TablesPage
{
    /// <summary>Writes the page.</summary>
    public static void Write(TextWriter writer)
    {
        writer.WriteLine("# Tables");
        writer.WriteLine();
        writer.WriteLine("Made by `iommu-spy tables --markdown`; a test holds it current. What is said of JSON beside the tables is in [json.md](json.md).");
        writer.WriteLine();
        writer.WriteLine($"Version of the names: {JsonNames.Version}.");
        foreach (Table table in AllTables.All)
        {
            writer.WriteLine();
            writer.WriteLine($"## {table.Name}");
            writer.WriteLine();
            writer.WriteLine($"{table.Sentence} `iommu-spy {table.Command}`");
            writer.WriteLine();
            writer.WriteLine("| column | type | unit | meaning |");
            writer.WriteLine("| --- | --- | --- | --- |");
            Write(writer, table.Columns, "");
            string[] cheap = [.. table.Filters.Where(filter => filter.IsCondition).Select(filter => $"`{filter.Name}`")];
            if (cheap.Length > 0)
            {
                writer.WriteLine();
                writer.WriteLine($"With one value asked of {string.Join(" or ", cheap)}, the other rows are never looked for.");
            }
        }
    }

    private static void Write(TextWriter writer, IReadOnlyList<Column> columns, string within)
    {
        foreach (Column column in columns)
        {
            writer.WriteLine($"| `{within}{column.Name}` | {Words<ColumnType>.Of(column.Type)} | {column.Unit} | {column.Sentence} |");
            Write(writer, column.Inner, $"{within}{column.Name}[].");
        }
    }
}
