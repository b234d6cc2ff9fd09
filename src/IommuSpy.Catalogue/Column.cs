using System.Globalization;
using System.Text.Json;

namespace IommuSpy.Catalogue;

/// <summary>A column of a table: what it is called, what its values are, and what they mean.</summary>
internal abstract class Column
{
    private const int AddressDigits = 16;

    private readonly JsonEncodedText _jsonName;

    private protected Column(string name, ColumnType type, string? unit, string sentence)
    {
        Name = name;
        Type = type;
        Unit = unit;
        Sentence = sentence;
        _jsonName = JsonEncodedText.Encode(name);
    }

    /// <summary>Its name in every form of an answer.</summary>
    public string Name { get; }

    /// <summary>What its values are.</summary>
    public ColumnType Type { get; }

    /// <summary>In what it is measured: "bytes", "pages"; null where it is not.</summary>
    public string? Unit { get; }

    /// <summary>What it means.</summary>
    public string Sentence { get; }

    /// <summary>Of <see cref="ColumnType.Hex"/>: at least so many digits.</summary>
    public int Digits { get; init; } = 1;

    /// <summary>Of <see cref="ColumnType.Records"/>: the columns of each.</summary>
    public virtual IReadOnlyList<Column> Inner => [];

    /// <summary>Whether numbers stand below one another in text.</summary>
    public bool IsRightAligned => Type is ColumnType.Number or ColumnType.Integer or ColumnType.Real;

    /// <summary>A value as text: as JSON writes it, lists with spaces between, and nothing for an absence.</summary>
    public string TextOf(in Cell cell) => !cell.IsKnown ? "" : Type switch
    {
        ColumnType.Number => cell.Number.ToString(CultureInfo.InvariantCulture),
        ColumnType.Integer => cell.Integer.ToString(CultureInfo.InvariantCulture),
        ColumnType.Real => cell.Real.ToString(CultureInfo.InvariantCulture),
        ColumnType.Flag => cell.Number != 0 ? "true" : "false",
        ColumnType.Address => $"0x{cell.Number:x16}",
        ColumnType.Hex => $"0x{cell.Number.ToString($"x{Digits}", CultureInfo.InvariantCulture)}",
        ColumnType.Numbers => string.Join(' ', cell.Numbers),
        ColumnType.Texts => string.Join(' ', cell.Texts),
        _ => cell.Text ?? "",
    };

    /// <summary>Writes a value as a member of a JSON object.</summary>
    protected void Write(Utf8JsonWriter writer, in Cell cell)
    {
        if (!cell.IsKnown)
        {
            writer.WriteNull(_jsonName);
            return;
        }

        switch (Type)
        {
            case ColumnType.Number:
                writer.WriteNumber(_jsonName, cell.Number);
                break;
            case ColumnType.Integer:
                writer.WriteNumber(_jsonName, cell.Integer);
                break;
            case ColumnType.Real:
                writer.WriteNumber(_jsonName, cell.Real);
                break;
            case ColumnType.Flag:
                writer.WriteBoolean(_jsonName, cell.Number != 0);
                break;
            case ColumnType.Address:
                WriteHex(writer, cell.Number, AddressDigits);
                break;
            case ColumnType.Hex:
                WriteHex(writer, cell.Number, Digits);
                break;
            case ColumnType.Numbers:
                BeginArray(writer);
                foreach (long number in cell.Numbers)
                {
                    writer.WriteNumberValue(number);
                }

                writer.WriteEndArray();
                break;
            case ColumnType.Texts:
                BeginArray(writer);
                foreach (string text in cell.Texts)
                {
                    writer.WriteStringValue(text);
                }

                writer.WriteEndArray();
                break;
            default:
                writer.WriteString(_jsonName, cell.Text);
                break;
        }
    }

    /// <summary>Begins an array as a member of a JSON object.</summary>
    protected void BeginArray(Utf8JsonWriter writer) => writer.WriteStartArray(_jsonName);

    private void WriteHex(Utf8JsonWriter writer, ulong number, int digits)
    {
        Span<byte> text = stackalloc byte[2 + AddressDigits];
        text[0] = (byte)'0';
        text[1] = (byte)'x';
        int at = 2;
        int shown = Math.Max(digits, (67 - System.Numerics.BitOperations.LeadingZeroCount(number | 1)) / 4);
        for (int digit = shown - 1; digit >= 0; digit--)
        {
            text[at++] = "0123456789abcdef"u8[(int)(number >> (digit * 4)) & 0xf];
        }

        writer.WriteString(_jsonName, text[..at]);
    }
}

/// <summary>A column of a table whose rows are <typeparamref name="TRow"/>.</summary>
/// <param name="name">Its name.</param>
/// <param name="type">What its values are.</param>
/// <param name="unit">In what it is measured.</param>
/// <param name="sentence">What it means.</param>
/// <param name="of">The value in a row.</param>
internal class Column<TRow>(string name, ColumnType type, string? unit, string sentence, Func<TRow, Cell> of) : Column(name, type, unit, sentence)
{
    /// <summary>The value in a row.</summary>
    public Cell Of(TRow row) => of(row);

    /// <summary>The value in a row with all that is in it: of a list of records, the records.</summary>
    public virtual Cell WholeOf(TRow row) => of(row);

    /// <summary>The value in a row as text.</summary>
    public string TextOf(TRow row) => TextOf(of(row));

    /// <summary>Writes the value in a row as a member of a JSON object.</summary>
    public virtual void Write(Utf8JsonWriter writer, TRow row) => Write(writer, of(row));
}

/// <summary>A column whose values are lists of records.</summary>
/// <param name="name">Its name.</param>
/// <param name="sentence">What the list is.</param>
/// <param name="of">The list in a row.</param>
/// <param name="columns">The columns of each record.</param>
internal sealed class RecordsColumn<TRow, TInner>(string name, string sentence, Func<TRow, IReadOnlyList<TInner>> of, params Column<TInner>[] columns)
    : Column<TRow>(name, ColumnType.Records, null, sentence, row => Cell.Of((ulong)of(row).Count))
{
    /// <inheritdoc/>
    public override IReadOnlyList<Column> Inner => columns;

    /// <inheritdoc/>
    public override Cell WholeOf(TRow row) => Cell.Of([.. of(row).Select(inner => Array.ConvertAll(columns, column => column.WholeOf(inner)))]);

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, TRow row)
    {
        BeginArray(writer);
        foreach (TInner inner in of(row))
        {
            writer.WriteStartObject();
            foreach (Column<TInner> column in columns)
            {
                column.Write(writer, inner);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
