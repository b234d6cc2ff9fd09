using System.Globalization;
using System.IO.Enumeration;
using IommuSpy.Analysis;

namespace IommuSpy.Catalogue;

/// <summary>A condition on a column: COLUMN=VALUE, and !=, &lt;, &gt;, &lt;=, &gt;=, or ~ for a text that contains another.</summary>
/// <param name="Column">The column's name.</param>
/// <param name="Operator">How the two are compared.</param>
/// <param name="Value">With what: a text with * and ? is a pattern; an empty one means absence.</param>
internal sealed record Condition(string Column, string Operator, string Value)
{
    private static readonly string[] Operators = ["!=", "<=", ">=", "=", "<", ">", "~"];

    /// <summary>Reads a condition.</summary>
    /// <exception cref="QuestionException">The text is none.</exception>
    public static Condition Parse(string text)
    {
        int at = text.AsSpan().IndexOfAny("!<>=~");
        string? found = at > 0 ? Array.Find(Operators, name => text.AsSpan(at).StartsWith(name)) : null;
        return found is null
            ? throw new QuestionException($"--where '{text}': write COLUMN=VALUE, or with !=, <, >, <=, >= or ~ (contains)")
            : new(text[..at].Trim(), found, text[(at + found.Length)..].Trim());
    }

    /// <summary>Whether rows meet it.</summary>
    /// <exception cref="QuestionException">The column's values cannot be compared so.</exception>
    public Predicate<TRow> On<TRow>(Column<TRow> column)
    {
        if (Value.Length == 0)
        {
            return Operator switch
            {
                "=" => row => IsEmpty(column, column.Of(row)),
                "!=" => row => !IsEmpty(column, column.Of(row)),
                _ => throw new QuestionException($"--where {Column}{Operator}: compare with what?"),
            };
        }

        return column.Type switch
        {
            _ when Operator == "~" => row => column.TextOf(row).Contains(Value, StringComparison.OrdinalIgnoreCase),
            ColumnType.Text => OnText(column),
            ColumnType.Texts or ColumnType.Numbers => OnList(column),
            ColumnType.Flag => OnFlag(column),
            ColumnType.Integer => Compared(column, long.TryParse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long integer)
                ? integer : throw NoValue("a number"), cell => cell.Integer),
            ColumnType.Real => Compared(column, double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
                ? real : throw NoValue("a number"), cell => cell.Real),
            _ => Compared(column, Number(column), cell => cell.Number),
        };
    }

    private static bool IsEmpty(Column column, in Cell cell) => !cell.IsKnown || (cell.Number == 0 && column.TextOf(cell).Length == 0);

    private Predicate<TRow> OnText<TRow>(Column<TRow> column)
    {
        bool isPattern = Value.AsSpan().ContainsAny('*', '?');
        bool Is(string text) => isPattern ? FileSystemName.MatchesSimpleExpression(Value, text, ignoreCase: false) : text == Value;
        return Operator switch
        {
            "=" => row => column.Of(row).Text is string text && Is(text),
            "!=" => row => column.Of(row).Text is not string text || !Is(text),
            _ => Compared(column, Value, cell => cell.Text!),
        };
    }

    private Predicate<TRow> OnList<TRow>(Column<TRow> column) => Operator switch
    {
        "=" => row => Has(column, column.Of(row)),
        "!=" => row => !Has(column, column.Of(row)),
        _ => throw new QuestionException($"--where {Column}{Operator}{Value}: of a list ask what it has (=), has not (!=) or contains (~)"),
    };

    private bool Has(Column column, in Cell cell) => column.Type == ColumnType.Texts
        ? cell.Texts.Contains(Value, StringComparer.Ordinal)
        : int.TryParse(Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && cell.Numbers.Contains(number);

    private Predicate<TRow> OnFlag<TRow>(Column<TRow> column)
    {
        ulong wanted = Value switch { "true" or "yes" or "1" => 1, "false" or "no" or "0" => 0, _ => throw NoValue("true or false") };
        return Compared(column, wanted, cell => cell.Number);
    }

    private Predicate<TRow> Compared<TRow, TValue>(Column<TRow> column, TValue value, Func<Cell, TValue> of)
        where TValue : IComparable<TValue>
    {
        Func<int, bool> holds = Operator switch
        {
            "=" => order => order == 0,
            "!=" => order => order != 0,
            "<" => order => order < 0,
            ">" => order => order > 0,
            "<=" => order => order <= 0,
            _ => order => order >= 0,
        };
        bool ofAbsence = Operator == "!=";
        return row =>
        {
            Cell cell = column.Of(row);
            return cell.IsKnown ? holds(of(cell).CompareTo(value)) : ofAbsence;
        };
    }

    private ulong Number(Column column)
    {
        bool isAddress = column.Type is ColumnType.Address or ColumnType.Hex;
        return AddressExpression.TryParseNumber(Value, out ulong number)
            || (column.Unit == "bytes" && AddressExpression.TryParseSize(Value, out number))
            || (isAddress && ulong.TryParse(Value, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number))
            ? number
            : throw NoValue(isAddress ? "an address" : column.Unit == "bytes" ? "a size" : "a number");
    }

    private QuestionException NoValue(string what) => new($"--where {Column}{Operator}{Value}: '{Value}' is not {what}");
}
