namespace IommuSpy;

/// <summary>A run of a process's memory that a device can get at.</summary>
/// <param name="Address">The virtual address in the process at which it begins.</param>
/// <param name="Bytes">How long it is: a multiple of 4096.</param>
/// <param name="Physical">The physical address at which it begins.</param>
/// <param name="Device">The device: "0000:00:1f.2".</param>
/// <param name="Driver">Its driver; null for none, or where that is not known.</param>
/// <param name="Pasid">With requests of this PASID; null for those without.</param>
/// <param name="Iova">The device's address at which it begins.</param>
/// <param name="Rights">"rw", "r" or "w": what the device may do.</param>
public sealed record ReachedRun(ulong Address, ulong Bytes, ulong Physical, string Device, string? Driver, int? Pasid, ulong Iova, string Rights);
