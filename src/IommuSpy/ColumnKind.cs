namespace IommuSpy;

/// <summary>What the values of a column are, and with it how a row gives them.</summary>
public enum ColumnKind
{
    /// <summary>A text: <see cref="Row.Text"/>.</summary>
    Text,

    /// <summary>A list of texts: <see cref="Row.Texts"/>.</summary>
    Texts,

    /// <summary>A list of whole numbers: <see cref="Row.Numbers"/>.</summary>
    Numbers,

    /// <summary>A list of rows with columns of their own: <see cref="Row.Records"/>.</summary>
    Records,

    /// <summary>A whole number that is never below zero: <see cref="Row.Number"/>.</summary>
    Number,

    /// <summary>A whole number: <see cref="Row.Integer"/>.</summary>
    Integer,

    /// <summary>A number with a fraction: <see cref="Row.Real"/>.</summary>
    Real,

    /// <summary>Whether something is so: <see cref="Row.Flag"/>.</summary>
    Flag,

    /// <summary>An address: <see cref="Row.Number"/>.</summary>
    Address,

    /// <summary>A number that is read in hexadecimal and is no address: <see cref="Row.Number"/>.</summary>
    Hex,
}
