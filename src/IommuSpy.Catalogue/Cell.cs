namespace IommuSpy.Catalogue;

/// <summary>The value of one column in one row. A stated absence is the default value.</summary>
internal readonly struct Cell
{
    private readonly ulong _bits;
    private readonly object? _text;

    private Cell(ulong bits, object? text)
    {
        _bits = bits;
        _text = text;
        IsKnown = true;
    }

    /// <summary>Whether there is a value at all.</summary>
    public bool IsKnown { get; }

    /// <summary>An address, a count, an amount; whether something is so as 0 or 1.</summary>
    public ulong Number => _bits;

    /// <summary>A number that may be below zero.</summary>
    public long Integer => (long)_bits;

    /// <summary>A number with a fraction.</summary>
    public double Real => BitConverter.UInt64BitsToDouble(_bits);

    /// <summary>A text.</summary>
    public string? Text => _text as string;

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string> Texts => _text as IReadOnlyList<string> ?? [];

    /// <summary>A list of numbers.</summary>
    public IReadOnlyList<long> Numbers => _text as IReadOnlyList<long> ?? [];

    /// <summary>A list of records, the cells of each.</summary>
    public IReadOnlyList<Cell[]> Records => _text as IReadOnlyList<Cell[]> ?? [];

    /// <summary>The cell of a number; of null an absence.</summary>
    public static Cell Of(ulong? number) => number is ulong known ? new(known, null) : default;

    /// <summary>The cell of a number that may be below zero.</summary>
    public static Cell Of(long? number) => number is long known ? new((ulong)known, null) : default;

    /// <summary>The cell of a number with a fraction.</summary>
    public static Cell Of(double? number) => number is double known ? new(BitConverter.DoubleToUInt64Bits(known), null) : default;

    /// <summary>The cell of whether something is so.</summary>
    public static Cell Of(bool? flag) => flag is bool known ? new(known ? 1UL : 0, null) : default;

    /// <summary>The cell of a text.</summary>
    public static Cell Of(string? text) => text is null ? default : new(0, text);

    /// <summary>The cell of a list of numbers.</summary>
    public static Cell Of(IReadOnlyList<long> numbers) => new(0, numbers);

    /// <summary>The cell of a list of texts.</summary>
    public static Cell Of(IReadOnlyList<string> texts) => new(0, texts);

    /// <summary>The cell of a list of records: as a number, how many.</summary>
    public static Cell Of(IReadOnlyList<Cell[]> records) => new((ulong)records.Count, records);
}
