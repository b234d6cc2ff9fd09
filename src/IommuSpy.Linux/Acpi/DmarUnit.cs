using IommuSpy.Memory;

namespace IommuSpy.Linux.Acpi;

/// <summary>One Intel IOMMU by firmware (DRHD).</summary>
/// <param name="Registers">Physical address of its registers.</param>
/// <param name="Segment">PCI segment.</param>
/// <param name="IncludesAll">Whether it serves every device of the segment that no other unit claims.</param>
/// <param name="Scopes">The devices that it claims; of one that serves all the rest, its I/O APICs and HPETs.</param>
public sealed record DmarUnit(PhysicalAddress Registers, ushort Segment, bool IncludesAll, IReadOnlyList<FirmwareScope> Scopes);
