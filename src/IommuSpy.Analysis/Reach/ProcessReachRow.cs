using IommuSpy.Memory;

namespace IommuSpy.Analysis.Reach;

/// <summary>A run of a process's memory that a device can get at.</summary>
/// <param name="Virtual">Where it begins in the process.</param>
/// <param name="Bytes">Bytes: a multiple of 4096.</param>
/// <param name="Physical">Where it begins in memory.</param>
/// <param name="Device">The device.</param>
/// <param name="Driver">Its driver; null for none, or where that is not known.</param>
/// <param name="Pasid">With requests of this PASID; null for those without.</param>
/// <param name="Iova">Where it begins for the device.</param>
/// <param name="Rights">"rw", "r" or "w": what the device may do.</param>
public sealed record ProcessReachRow(
    VirtualAddress Virtual, ulong Bytes, PhysicalAddress Physical, string Device, string? Driver, int? Pasid, IoVirtualAddress Iova, string Rights);
