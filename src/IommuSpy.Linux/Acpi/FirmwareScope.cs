using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Acpi;

/// <summary>Devices that firmware means.</summary>
/// <param name="Kind">What kind of device it is.</param>
/// <param name="First">The device; of a bridge, the bridge; of a range, its first one. Where the path goes over bridges, only its start bus is known, and this
/// is the first step.</param>
/// <param name="Last">Of a range, its last one; else the same as <paramref name="First"/>.</param>
/// <param name="EnumerationId">Of an I/O APIC or HPET, the number that ACPI gives it.</param>
/// <param name="IsBehindBridge">Whether bridges lie between: the bus of the device is theirs to number.</param>
public sealed record FirmwareScope(FirmwareScopeKind Kind, RequesterId First, RequesterId Last, int EnumerationId, bool IsBehindBridge)
{
    private const int PathAt = 6;
    private const int StepBytes = 2;

    /// <summary>Reads the device scopes at the end of a DMAR structure (VT-d specification, 8.3.1).</summary>
    internal static List<FirmwareScope> Parse(ReadOnlySpan<byte> scopes, ushort segment)
    {
        List<FirmwareScope> parsed = [];
        while (scopes.Length >= PathAt + StepBytes && scopes[1] >= PathAt + StepBytes && scopes[1] <= scopes.Length)
        {
            FirmwareScopeKind kind = scopes[0] switch
            {
                1 => FirmwareScopeKind.Endpoint,
                2 => FirmwareScopeKind.Bridge,
                3 => FirmwareScopeKind.IoApic,
                4 => FirmwareScopeKind.Hpet,
                5 => FirmwareScopeKind.AcpiDevice,
                _ => FirmwareScopeKind.Other,
            };
            RequesterId device = new(segment, (ushort)((scopes[5] << 8) | ((scopes[PathAt] & 0x1f) << 3) | (scopes[PathAt + 1] & 7)));
            parsed.Add(new(kind, device, device, scopes[4], scopes[1] > PathAt + StepBytes));
            scopes = scopes[scopes[1]..];
        }

        return parsed;
    }
}
