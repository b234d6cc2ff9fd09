namespace IommuSpy.Catalogue;

/// <summary>What the values of a column are, and with it how they are written and compared.</summary>
internal enum ColumnType
{
    /// <summary>A text.</summary>
    Text,

    /// <summary>A list of texts.</summary>
    Texts,

    /// <summary>A list of whole numbers.</summary>
    Numbers,

    /// <summary>A list of records, each with columns of its own; in JSON alone.</summary>
    Records,

    /// <summary>A whole number that is never below zero.</summary>
    Number,

    /// <summary>A whole number.</summary>
    Integer,

    /// <summary>A number with a fraction.</summary>
    Real,

    /// <summary>Whether something is so.</summary>
    Flag,

    /// <summary>An address: "0x" and 16 digits.</summary>
    Address,

    /// <summary>A number that is read in hexadecimal and is no address: "0x" and the digits that it has, or a fixed number of them.</summary>
    Hex,
}
