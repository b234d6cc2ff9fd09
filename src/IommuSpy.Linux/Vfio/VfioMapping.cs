using IommuSpy.Memory;

namespace IommuSpy.Linux.Vfio;

/// <summary>A range of a process's memory that it gave to devices (struct vfio_dma): VFIO pins its pages and maps them in the IOMMU.</summary>
/// <param name="Start">Where it is for the devices.</param>
/// <param name="Virtual">Where it is in the process.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Readable">Whether devices may read it.</param>
/// <param name="Writable">Whether they may write it.</param>
/// <param name="Mm">The mm_struct of the process; null where this kernel does not keep it, or where it is gone.</param>
public sealed record VfioMapping(IoVirtualAddress Start, VirtualAddress Virtual, ulong Bytes, bool Readable, bool Writable, VirtualAddress? Mm);
