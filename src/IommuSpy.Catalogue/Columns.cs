namespace IommuSpy.Catalogue;

/// <summary>Makes columns of rows: one method a type of values.</summary>
internal static class Columns<TRow>
{
    /// <summary>A text.</summary>
    public static Column<TRow> Text(string name, string sentence, Func<TRow, string?> of) =>
        new(name, ColumnType.Text, null, sentence, row => Cell.Of(of(row)));

    /// <summary>A list of texts.</summary>
    public static Column<TRow> Texts(string name, string sentence, Func<TRow, IReadOnlyList<string>> of) =>
        new(name, ColumnType.Texts, null, sentence, row => Cell.Of(of(row)));

    /// <summary>A list of whole numbers.</summary>
    public static Column<TRow> Numbers(string name, string sentence, Func<TRow, IReadOnlyList<long>> of) =>
        new(name, ColumnType.Numbers, null, sentence, row => Cell.Of(of(row)));

    /// <summary>A list of records.</summary>
    public static Column<TRow> Records<TInner>(string name, string sentence, Func<TRow, IReadOnlyList<TInner>> of, params Column<TInner>[] columns) =>
        new RecordsColumn<TRow, TInner>(name, sentence, of, columns);

    /// <summary>A number.</summary>
    public static Column<TRow> Number(string name, string sentence, Func<TRow, ulong?> of, string? unit = null) =>
        new(name, ColumnType.Number, unit, sentence, row => Cell.Of(of(row)));

    /// <summary>A size.</summary>
    public static Column<TRow> Bytes(string name, string sentence, Func<TRow, ulong?> of) => Number(name, sentence, of, "bytes");

    /// <summary>A number that may be below zero.</summary>
    public static Column<TRow> Integer(string name, string sentence, Func<TRow, long?> of, string? unit = null) =>
        new(name, ColumnType.Integer, unit, sentence, row => Cell.Of(of(row)));

    /// <summary>A number with a fraction.</summary>
    public static Column<TRow> Real(string name, string sentence, Func<TRow, double?> of, string? unit = null) =>
        new(name, ColumnType.Real, unit, sentence, row => Cell.Of(of(row)));

    /// <summary>Whether something is so.</summary>
    public static Column<TRow> Flag(string name, string sentence, Func<TRow, bool?> of) => new(name, ColumnType.Flag, null, sentence, row => Cell.Of(of(row)));

    /// <summary>An address.</summary>
    public static Column<TRow> Address(string name, string sentence, Func<TRow, ulong?> of) =>
        new(name, ColumnType.Address, null, sentence, row => Cell.Of(of(row)));

    /// <summary>A number that is read in hexadecimal.</summary>
    public static Column<TRow> Hex(string name, string sentence, Func<TRow, ulong?> of, int digits = 1) =>
        new(name, ColumnType.Hex, null, sentence, row => Cell.Of(of(row))) { Digits = digits };
}
