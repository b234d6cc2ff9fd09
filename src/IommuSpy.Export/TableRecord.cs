namespace IommuSpy.Export;

/// <summary>What became of one table of an export.</summary>
/// <param name="Table">Its name.</param>
/// <param name="File">The file that holds it; null where there is none.</param>
/// <param name="Rows">How many rows that has.</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="Absence">Why this capture has no answer; null where it has one.</param>
/// <param name="Failure">What failed where it should not have; null where nothing did.</param>
/// <param name="Problems">What the answer lacks or what contradicts itself in it, a line each.</param>
internal sealed record TableRecord(
    string Table, string? File, long Rows, long Bytes, string? Absence, string? Failure, IReadOnlyList<string> Problems);
