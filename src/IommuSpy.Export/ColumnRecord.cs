using IommuSpy.Catalogue;

namespace IommuSpy.Export;

/// <summary>What an exported file says of a column.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">What its values are: a <see cref="ColumnType"/>, as docs/tables.md spells it.</param>
/// <param name="Unit">In what it is measured; null where it is not.</param>
/// <param name="Sentence">What it means.</param>
/// <param name="Digits">Of a number that is read in hexadecimal: at least so many digits.</param>
/// <param name="Inner">Of records, the columns of each.</param>
internal sealed record ColumnRecord(string Name, string Type, string? Unit, string Sentence, int? Digits, ColumnRecord[]? Inner)
{
    /// <summary>Of a column.</summary>
    public static ColumnRecord Of(Column column) => new(
        column.Name,
        Words<ColumnType>.Of(column.Type),
        column.Unit,
        column.Sentence,
        column.Type == ColumnType.Hex ? column.Digits : null,
        column.Type == ColumnType.Records ? [.. column.Inner.Select(Of)] : null);
}
