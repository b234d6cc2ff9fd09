using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Dma;

/// <summary>A device that can get at a page frame through its IOMMU's tables.</summary>
/// <param name="Device">The device.</param>
/// <param name="Pasid">With requests of this PASID; null for those without.</param>
/// <param name="Domain">Domain ID of its entry.</param>
/// <param name="Address">At which address of the device the frame's first byte is.</param>
/// <param name="PageSize">Bytes that the entry maps.</param>
/// <param name="Rights">What it may do there.</param>
public sealed record DeviceReacher(MachineDevice Device, int? Pasid, int Domain, IoVirtualAddress Address, ulong PageSize, AccessRights Rights);
