namespace IommuSpy.Analysis.Layout;

/// <summary>How much is mapped with the same rights.</summary>
/// <param name="Rights">The rights: "kernel rw-".</param>
/// <param name="Bytes">Bytes mapped so.</param>
public sealed record RightsBytesReport(string Rights, ulong Bytes);
