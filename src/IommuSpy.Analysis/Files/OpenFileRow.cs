using IommuSpy.Linux.Files;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Files;

/// <summary>A file that a process has open.</summary>
/// <param name="Process">The process.</param>
/// <param name="File">The file.</param>
public sealed record OpenFileRow(KernelTask Process, OpenFile File);
