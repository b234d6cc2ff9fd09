using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>A device that goes through tables, and by which entry.</summary>
/// <param name="Device">The device.</param>
/// <param name="Context">The entry.</param>
public sealed record ReachUser(MachineDevice Device, DeviceContext Context);
