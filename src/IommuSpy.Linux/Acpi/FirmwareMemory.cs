using IommuSpy.Memory;

namespace IommuSpy.Linux.Acpi;

/// <summary>Memory that firmware keeps open to devices (DMAR: RMRR; IVRS: IVMD).</summary>
/// <param name="First">First byte.</param>
/// <param name="Last">Last byte, inclusive.</param>
/// <param name="Readable">Whether they may read it.</param>
/// <param name="Writable">Whether they may write it.</param>
/// <param name="IsExclusion">Whether it is to be passed through untranslated, rather than mapped one to one.</param>
/// <param name="Scopes">Which devices.</param>
public sealed record FirmwareMemory(PhysicalAddress First, PhysicalAddress Last, bool Readable, bool Writable, bool IsExclusion,
    IReadOnlyList<FirmwareScope> Scopes);
