using System.Buffers.Binary;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Linux.Acpi;

/// <summary>The device entries of an IVHD block (AMD 48882, 5.2.2.3 and on).</summary>
internal static class IvrsDevices
{
    private const byte All = 1;
    private const byte Select = 2;
    private const byte RangeStart = 3;
    private const byte RangeEnd = 4;
    private const byte AliasSelect = 66;
    private const byte AliasRange = 67;
    private const byte ExtendedSelect = 70;
    private const byte ExtendedRange = 71;
    private const byte Special = 72;
    private const byte AcpiHardware = 240;
    private const int AcpiHardwareBytes = 22;
    private const byte SpecialIoApic = 1;
    private const byte SpecialHpet = 2;

    /// <summary>Reads them until one that does not fit.</summary>
    public static List<FirmwareScope> Parse(ReadOnlySpan<byte> entries, ushort segment)
    {
        List<FirmwareScope> scopes = [];
        RequesterId? start = null;
        while (entries.Length >= 4)
        {
            byte type = entries[0];

            // The two highest bits of a type say how long its entry is; 240 has a string of its own length.
            int length = type == AcpiHardware ? (entries.Length >= AcpiHardwareBytes ? AcpiHardwareBytes + entries[AcpiHardwareBytes - 1] : int.MaxValue)
                : 4 << (type >> 6);
            if (length > entries.Length)
            {
                break;
            }

            RequesterId device = new(segment, BinaryPrimitives.ReadUInt16LittleEndian(entries[1..]));
            switch (type)
            {
                case All:
                    scopes.Add(new(FirmwareScopeKind.All, new(segment, 0), new(segment, ushort.MaxValue), 0, IsBehindBridge: false));
                    break;
                case Select or AliasSelect or ExtendedSelect:
                    scopes.Add(new(FirmwareScopeKind.Endpoint, device, device, 0, IsBehindBridge: false));
                    break;
                case RangeStart or AliasRange or ExtendedRange:
                    start = device;
                    break;
                case RangeEnd when start is RequesterId first:
                    scopes.Add(new(FirmwareScopeKind.Range, first, device, 0, IsBehindBridge: false));
                    start = null;
                    break;
                case Special:
                    FirmwareScopeKind kind = entries[7] switch
                    {
                        SpecialIoApic => FirmwareScopeKind.IoApic,
                        SpecialHpet => FirmwareScopeKind.Hpet,
                        _ => FirmwareScopeKind.Other
                    };
                    RequesterId source = new(segment, BinaryPrimitives.ReadUInt16LittleEndian(entries[5..]));
                    scopes.Add(new(kind, source, source, entries[4], IsBehindBridge: false));
                    break;
                case AcpiHardware:
                    scopes.Add(new(FirmwareScopeKind.AcpiDevice, device, device, 0, IsBehindBridge: false));
                    break;
            }

            entries = entries[length..];
        }

        return scopes;
    }
}
