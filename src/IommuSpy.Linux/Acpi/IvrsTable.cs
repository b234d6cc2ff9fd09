using System.Buffers.Binary;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Acpi;

/// <summary>ACPI's IVRS table: what firmware says of AMD IOMMUs (AMD 48882, 5.2).</summary>
/// <param name="Address">Where it stands; null where that is not known.</param>
/// <param name="AddressBits">Bits of a physical address.</param>
/// <param name="VirtualAddressBits">Bits of an address that devices can use.</param>
/// <param name="DmaControlOptIn">Whether firmware asks that devices be kept from memory from the start (DmaGuardOptIn).</param>
/// <param name="Units">Its units.</param>
/// <param name="Memory">Ranges that devices use on firmware's behalf (IVMD): always mapped for them.</param>
public sealed record IvrsTable(
    PhysicalAddress? Address, int AddressBits, int VirtualAddressBits, bool DmaControlOptIn, IReadOnlyList<IvrsUnit> Units,
    IReadOnlyList<FirmwareMemory> Memory)
{
    private const int InformationAt = 36;
    private const int FirstBlockAt = 48;
    private const int BlockHeaderBytes = 24;
    private const int LongHeaderBytes = 40;
    private const int MemoryBytes = 32;
    private const int DeviceTlbFlag = 0x10;

    /// <summary>Reads a table whose checksum is right. A block with a length that does not fit ends it.</summary>
    internal static IvrsTable Parse(PhysicalAddress? address, ReadOnlySpan<byte> table)
    {
        List<IvrsUnit> units = [];
        List<FirmwareMemory> memory = [];
        if (table.Length < FirstBlockAt)
        {
            return new(address, 0, 0, DmaControlOptIn: false, units, memory);
        }

        for (ReadOnlySpan<byte> rest = table[FirstBlockAt..]; rest.Length >= BlockHeaderBytes;)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
            if (length < BlockHeaderBytes || length > rest.Length)
            {
                break;
            }

            ReadOnlySpan<byte> block = rest[..length];
            switch (block[0])
            {
                case 0x10:
                    Add(units, Unit(block, BlockHeaderBytes));
                    break;
                case 0x11 or 0x40 when length >= LongHeaderBytes:
                    Add(units, Unit(block, LongHeaderBytes));
                    break;
                case 0x20 or 0x21 or 0x22 when length >= MemoryBytes:
                    AddMemory(memory, block);
                    break;
            }

            rest = rest[length..];
        }

        uint information = BinaryPrimitives.ReadUInt32LittleEndian(table[InformationAt..]);
        return new(address, (int)((information >> 8) & 0x7f), (int)((information >> 15) & 0x7f), (information & 2) != 0, units, memory);
    }

    private static IvrsUnit Unit(ReadOnlySpan<byte> block, int headerBytes)
    {
        ushort segment = BinaryPrimitives.ReadUInt16LittleEndian(block[16..]);
        return new(
            new(BinaryPrimitives.ReadUInt64LittleEndian(block[8..])), segment, new(segment, BinaryPrimitives.ReadUInt16LittleEndian(block[4..])), [block[0]],
            IvrsDevices.Parse(block[headerBytes..], segment), (block[1] & DeviceTlbFlag) != 0);
    }

    private static void Add(List<IvrsUnit> units, IvrsUnit unit)
    {
        int same = units.FindIndex(other => other.Registers == unit.Registers && other.Segment == unit.Segment);
        if (same < 0)
        {
            units.Add(unit);
        }
        else
        {
            // The newer type says all that the older one does.
            units[same] = unit with { BlockTypes = [.. units[same].BlockTypes, .. unit.BlockTypes] };
        }
    }

    private static void AddMemory(List<FirmwareMemory> memory, ReadOnlySpan<byte> block)
    {
        ushort first = BinaryPrimitives.ReadUInt16LittleEndian(block[4..]);
        ushort last = BinaryPrimitives.ReadUInt16LittleEndian(block[6..]);
        ulong start = BinaryPrimitives.ReadUInt64LittleEndian(block[16..]);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(block[24..]);
        if (length == 0 || start > ulong.MaxValue - (length - 1))
        {
            return;
        }

        FirmwareScope scope = block[0] switch
        {
            0x20 => new(FirmwareScopeKind.All, new(0, 0), new(0, ushort.MaxValue), 0, IsBehindBridge: false),
            0x21 => new(FirmwareScopeKind.Endpoint, new(0, first), new(0, first), 0, IsBehindBridge: false),
            _ => new(FirmwareScopeKind.Range, new(0, first), new(0, last), 0, IsBehindBridge: false),
        };
        byte flags = block[1];
        memory.Add(new(new(start), new(start + (length - 1)), (flags & 2) != 0, (flags & 4) != 0, (flags & 8) != 0, [scope]));
    }
}
