using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Dma;

/// <summary>A page that a device reaches since a process gave it, where the process has another one now.</summary>
/// <param name="Iova">Where the device has it.</param>
/// <param name="Frame">The page that the device reaches.</param>
/// <param name="Process">The process.</param>
/// <param name="Virtual">The address that the process gave.</param>
/// <param name="Now">The page that it has there now; null where it has none.</param>
public sealed record OutdatedPin(IoVirtualAddress Iova, PageFrame Frame, KernelTask Process, VirtualAddress Virtual, PageFrame? Now);
