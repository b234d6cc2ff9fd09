namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>A run of a guest's memory, and which of QEMU's memory regions backs it.</summary>
/// <param name="Range">The addresses.</param>
/// <param name="Region">The region's name: of a memory backend, its id.</param>
/// <param name="Offset">Bytes into the region.</param>
internal readonly record struct RamRun(PhysicalRange Range, string Region, ulong Offset);
