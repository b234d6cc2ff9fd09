namespace IommuSpy.Export;

/// <summary>What became of an export.</summary>
/// <param name="Capture">The capture's id.</param>
/// <param name="Folder">Where its tables are.</param>
/// <param name="Kept">Names of the tables that an earlier run had finished.</param>
/// <param name="Tables">What became of each table.</param>
/// <param name="Seconds">How long it took.</param>
internal sealed record ExportReport(string Capture, string Folder, IReadOnlyList<string> Kept, IReadOnlyList<TableRecord> Tables, double Seconds);
