using System.Buffers.Binary;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Acpi;

/// <summary>ACPI's DMAR table: what firmware says of Intel IOMMUs (VT-d specification, 8.1).</summary>
/// <param name="Address">Where it stands; null where that is not known.</param>
/// <param name="AddressBits">Bits of a physical address that devices can use (host address width).</param>
/// <param name="InterruptRemapping">Whether the platform can remap interrupts.</param>
/// <param name="X2ApicOptOut">Whether firmware asks that x2APIC mode be left off.</param>
/// <param name="DmaControlOptIn">Whether firmware asks that devices be kept from memory from the start.</param>
/// <param name="Units">Its units (DRHD).</param>
/// <param name="ReservedMemory">Ranges that devices use on firmware's behalf (RMRR): always mapped for them.</param>
/// <param name="RootPorts">Scopes below which devices may translate themselves (ATSR).</param>
public sealed record DmarTable(
    PhysicalAddress? Address,
    int AddressBits,
    bool InterruptRemapping,
    bool X2ApicOptOut,
    bool DmaControlOptIn,
    IReadOnlyList<DmarUnit> Units,
    IReadOnlyList<FirmwareMemory> ReservedMemory,
    IReadOnlyList<FirmwareScope> RootPorts)
{
    private const int WidthAt = 36;
    private const int FlagsAt = 37;
    private const int FirstStructureAt = 48;
    private const int StructureHeaderBytes = 4;
    private const int UnitScopesAt = 16;
    private const int MemoryScopesAt = 24;
    private const int PortScopesAt = 8;

    /// <summary>Reads a table whose checksum is right. A structure with a length that does not fit ends it.</summary>
    internal static DmarTable Parse(PhysicalAddress? address, ReadOnlySpan<byte> table)
    {
        List<DmarUnit> units = [];
        List<FirmwareMemory> memory = [];
        List<FirmwareScope> ports = [];
        if (table.Length < FirstStructureAt)
        {
            return new(address, 0, InterruptRemapping: false, X2ApicOptOut: false, DmaControlOptIn: false, units, memory, ports);
        }

        for (ReadOnlySpan<byte> rest = table[FirstStructureAt..]; rest.Length >= StructureHeaderBytes;)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            if (length < StructureHeaderBytes || length > rest.Length)
            {
                break;
            }

            ReadOnlySpan<byte> structure = rest[..length];
            ushort type = BinaryPrimitives.ReadUInt16LittleEndian(structure);
            if (type == 0 && length >= UnitScopesAt)
            {
                ushort segment = BinaryPrimitives.ReadUInt16LittleEndian(structure[6..]);
                units.Add(new(new(BinaryPrimitives.ReadUInt64LittleEndian(structure[8..])), segment, (structure[4] & 1) != 0,
                    FirmwareScope.Parse(structure[UnitScopesAt..], segment)));
            }
            else if (type == 1 && length >= MemoryScopesAt)
            {
                ushort segment = BinaryPrimitives.ReadUInt16LittleEndian(structure[6..]);
                ulong first = BinaryPrimitives.ReadUInt64LittleEndian(structure[8..]);
                ulong last = BinaryPrimitives.ReadUInt64LittleEndian(structure[16..]);
                if (last >= first)
                {
                    memory.Add(new(new(first), new(last), Readable: true, Writable: true, IsExclusion: false,
                        FirmwareScope.Parse(structure[MemoryScopesAt..], segment)));
                }
            }
            else if (type == 2 && length >= PortScopesAt)
            {
                ports.AddRange(FirmwareScope.Parse(structure[PortScopesAt..], BinaryPrimitives.ReadUInt16LittleEndian(structure[6..])));
            }

            rest = rest[length..];
        }

        byte flags = table[FlagsAt];
        return new(address, table[WidthAt] + 1, (flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0, units, memory, ports);
    }
}
