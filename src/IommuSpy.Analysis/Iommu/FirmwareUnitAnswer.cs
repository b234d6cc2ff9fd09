using IommuSpy.Memory;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A unit as firmware describes it.</summary>
/// <param name="Registers">Physical address of its registers.</param>
/// <param name="Segment">PCI segment.</param>
/// <param name="ServesAll">Whether it serves every device that no other unit claims.</param>
/// <param name="Scopes">Devices that are named for it.</param>
public sealed record FirmwareUnitAnswer(PhysicalAddress Registers, int Segment, bool ServesAll, IReadOnlyList<string> Scopes);
