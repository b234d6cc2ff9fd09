using IommuSpy.Catalogue;

namespace IommuSpy;

/// <summary>A column of a table: what it is called, what its values are, and what they mean. docs/tables.md lists all.</summary>
/// <param name="Name">Its name, the same in JSON and CSV.</param>
/// <param name="Kind">What its values are.</param>
/// <param name="Unit">In what it is measured: "bytes", "pages"; null where it is not.</param>
/// <param name="Sentence">What it means.</param>
public sealed record TableColumn(string Name, ColumnKind Kind, string? Unit, string Sentence)
{
    internal static TableColumn Of(Column column) => new(column.Name, Enum.Parse<ColumnKind>(column.Type.ToString()), column.Unit, column.Sentence);
}
