using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Linux.Log;

namespace IommuSpy.Analysis.Log;

/// <summary>A message of the kernel's log as it is shown.</summary>
/// <param name="Message">The message; of one that others continue, the first.</param>
/// <param name="Text">All of its text; what continues it is joined to it.</param>
/// <param name="Time">The time of day; null where this kernel's clock cannot be read.</param>
/// <param name="Device">The PCI function that it is about: "0000:00:1f.2"; null where it is about none.</param>
/// <param name="Fault">What became of the request, of the last line of an IOMMU's event, where that was asked for.</param>
public sealed record LogRow(LogMessage Message, string Text, DateTimeOffset? Time, string? Device, FaultReport? Fault);
