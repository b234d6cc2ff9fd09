using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Acpi;

/// <summary>One AMD IOMMU by firmware (IVHD). Several blocks of older and newer types that describe the same unit are one.</summary>
/// <param name="Registers">Physical address of its registers.</param>
/// <param name="Segment">PCI segment.</param>
/// <param name="Device">The PCI function that it is itself.</param>
/// <param name="BlockTypes">Types of the blocks that describe it: 0x10, 0x11, 0x40.</param>
/// <param name="Scopes">The devices that it serves.</param>
/// <param name="DeviceTlbAllowed">Whether its devices may be allowed to translate themselves (IotlbSup).</param>
public sealed record IvrsUnit(
    PhysicalAddress Registers, ushort Segment, RequesterId Device, IReadOnlyList<int> BlockTypes, IReadOnlyList<FirmwareScope> Scopes, bool DeviceTlbAllowed);
