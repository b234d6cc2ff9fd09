using IommuSpy.Sql;

namespace IommuSpy.Cli.Text;

/// <summary>Questions in SQL as people read and copy them.</summary>
internal static class SqlText
{
    public static void Write(TextWriter writer, IReadOnlyList<SqlExample> examples)
    {
        bool first = true;
        foreach (SqlExample example in examples)
        {
            if (!first)
            {
                writer.WriteLine();
            }

            first = false;
            writer.WriteLine($"-- {example.Sentence}");
            writer.WriteLine(example.Query);
        }
    }
}
