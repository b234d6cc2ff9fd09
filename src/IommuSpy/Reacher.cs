namespace IommuSpy;

/// <summary>A device that can get at a physical byte, and how.</summary>
/// <param name="Device">The device: "0000:00:1f.2".</param>
/// <param name="Driver">Its driver; null for none, or where that is not known.</param>
/// <param name="Pasid">With requests of this PASID; null for those without.</param>
/// <param name="Iova">At which of its addresses; of a device that nothing restricts, the physical address itself.</param>
/// <param name="Rights">"rw", "r" or "w": what it may do.</param>
/// <param name="PageSize">Bytes that the entry maps; 0 for a device that nothing restricts.</param>
/// <param name="IsRestricted">Whether tables restrict it; otherwise it reaches all memory.</param>
public sealed record Reacher(string Device, string? Driver, int? Pasid, ulong Iova, string Rights, ulong PageSize, bool IsRestricted);
