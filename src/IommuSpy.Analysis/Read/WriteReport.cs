using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Read;

/// <summary>A value written to a physical address of the running machine.</summary>
/// <param name="Physical">The physical address that was written to.</param>
/// <param name="Name">What /proc/iomem calls it: "System RAM", a device; null where nothing claims it.</param>
/// <param name="IsMemory">Whether it is memory, rather than a register, which may do anything with what is written.</param>
/// <param name="Width">Bits of the access.</param>
/// <param name="Value">What was written.</param>
/// <param name="ReadBack">What stood there when it was read afterwards.</param>
public sealed record WriteReport(PhysicalAddress Physical, string? Name, bool IsMemory, int Width, HexValue Value, HexValue ReadBack);
