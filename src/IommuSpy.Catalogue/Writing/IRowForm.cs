namespace IommuSpy.Catalogue;

/// <summary>A form in which the rows of any table can be written.</summary>
internal interface IRowForm
{
    /// <summary>The writer of a table's rows.</summary>
    RowWriter<TRow> Of<TRow>(Table<TRow> table);
}
