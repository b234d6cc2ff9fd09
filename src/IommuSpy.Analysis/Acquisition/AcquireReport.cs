namespace IommuSpy.Analysis.Acquisition;

/// <summary>What was acquired.</summary>
/// <param name="Source">What was read: "live".</param>
/// <param name="SourceFormat">How: "running machine, /proc/kcore".</param>
/// <param name="Output">The file; "-" for standard output.</param>
/// <param name="Format">Its format: elf, lime, avml, raw.</param>
/// <param name="Pages">Pages of memory.</param>
/// <param name="Unreadable">Pages that could not be read, and are zeros in the file: offline, poisoned, or kept from everyone.</param>
/// <param name="Bytes">Bytes of the file; a file has holes where they are zeros.</param>
/// <param name="ResumedAfter">Bytes of memory that an interrupted run had acquired; 0 where there was none.</param>
/// <param name="Sha256">SHA-256 of the file, in hexadecimal.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Record">Where what the machine says of itself was kept; null where nowhere.</param>
/// <param name="Recorded">What was kept of that: how many files, links and register pages.</param>
/// <param name="KernelAbsence">Why no kernel was found in the memory; null where one was.</param>
public sealed record AcquireReport(
    string Source,
    string SourceFormat,
    string Output,
    string Format,
    ulong Pages,
    ulong Unreadable,
    ulong Bytes,
    ulong ResumedAfter,
    string Sha256,
    double Seconds,
    string? Record,
    int Recorded,
    string? KernelAbsence);
