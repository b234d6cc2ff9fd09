using IommuSpy.Linux.Files;
using IommuSpy.Linux.Sockets;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Files;

/// <summary>A file that a process has open.</summary>
/// <param name="Process">The process.</param>
/// <param name="File">The file.</param>
/// <param name="Socket">The socket that it is; null for every other file, and where nothing describes sockets.</param>
public sealed record OpenFileRow(KernelTask Process, OpenFile File, KernelSocket? Socket = null);
