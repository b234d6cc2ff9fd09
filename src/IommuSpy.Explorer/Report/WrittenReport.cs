namespace IommuSpy.Explorer.Report;

/// <summary>A report that was written.</summary>
/// <param name="Output">The file.</param>
/// <param name="Form">"html" or "markdown".</param>
/// <param name="Bytes">How large it is.</param>
/// <param name="Redacted">Whether names of files, command lines and contents were left out.</param>
/// <param name="Findings">How many findings of the audit it has; null where there was no audit.</param>
internal sealed record WrittenReport(string Output, string Form, ulong Bytes, bool Redacted, int? Findings);
