namespace IommuSpy.Analysis.Conversion;

/// <summary>What a conversion did.</summary>
/// <param name="Source">The image it read.</param>
/// <param name="SourceFormat">Its format.</param>
/// <param name="Output">The file it wrote; "-" for standard output.</param>
/// <param name="Format">The format written: elf, lime, avml, raw, kdump.</param>
/// <param name="Compression">Of a kdump: how its pages are compressed; null for other formats.</param>
/// <param name="Pages">Pages of memory in the source.</param>
/// <param name="Written">Pages in what was written.</param>
/// <param name="Excluded">Pages left out because that was asked for.</param>
/// <param name="Missing">Pages that the source leaves out or has lost.</param>
/// <param name="Unreadable">Pages that the source has and that do not decode.</param>
/// <param name="Bytes">Bytes written.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Context">What went along besides memory, in words.</param>
public sealed record ConvertReport(
    string Source,
    string SourceFormat,
    string Output,
    string Format,
    string? Compression,
    ulong Pages,
    ulong Written,
    ulong Excluded,
    ulong Missing,
    ulong Unreadable,
    ulong Bytes,
    double Seconds,
    IReadOnlyList<string> Context)
{
    /// <summary>
    /// What becomes of pages that are not in what was written, where its format has no mark for them; null where it has, and where none is missing.
    /// </summary>
    public string? Unmarked { get; init; }
}
