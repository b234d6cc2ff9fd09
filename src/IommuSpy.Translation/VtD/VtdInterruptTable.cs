using System.Buffers.Binary;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.VtD;

/// <summary>VT-d's table of interrupt remapping entries, 16 bytes each (VT-d specification, 9.9 and 9.10). docs/interrupt-remapping.md</summary>
public static class VtdInterruptTable
{
    /// <summary>Entries of the largest table.</summary>
    public const int MostEntries = 1 << 16;

    private const int EntryBytes = 16;
    private const ulong Present = 1;
    private const int ModeShift = 15;
    private const int DestinationShift = 32;
    private const int ShortDestinationShift = 8;
    private const ulong ShortDestinationMask = 0xffff_00ff;

    /// <summary>The entries that are present, in order; up to the end of what the image has of the table.</summary>
    /// <param name="memory">Where it is.</param>
    /// <param name="table">Its first entry.</param>
    /// <param name="entries">How many it has.</param>
    /// <param name="segment">PCI segment of the unit.</param>
    public static IReadOnlyList<InterruptEntry> Read(PhysicalMemory memory, PhysicalAddress table, int entries = MostEntries, ushort segment = 0)
    {
        byte[] bytes = new byte[Math.Clamp(entries, 0, MostEntries) * EntryBytes];
        int length = memory.Read(table, bytes);
        List<InterruptEntry> found = [];
        bool isShort = true;
        for (int at = 0; at + EntryBytes <= length; at += EntryBytes)
        {
            ulong low = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
            if ((low & Present) != 0)
            {
                ulong high = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at + sizeof(ulong)));
                found.Add(Decode(at / EntryBytes, new(table.Value + (ulong)at), low, high, segment));
                isShort &= found[^1].Destination is null || (found[^1].Destination & ShortDestinationMask) == 0;
            }
        }

        // Without x2APIC, APIC IDs stand in bits 8-15 of the destination (9.9: DST, EIME = 0). The register that says so is not in memory, and no other ID has
        // those bits alone.
        return isShort ? [.. found.Select(entry => entry with { Destination = entry.Destination >> ShortDestinationShift })] : found;
    }

    private static InterruptEntry Decode(int index, PhysicalAddress address, ulong low, ulong high, ushort segment)
    {
        // SVT: 0 leaves the source unchecked, 1 compares it (SQ leaves out bits of the function), 2 compares the bus alone.
        RequesterId? source = (high >> 18 & 3) == 0 ? null : new(segment, (ushort)high);
        int vector = (int)(low >> 16 & 0xff);
        if ((low >> ModeShift & 1) != 0)
        {
            ulong descriptor = ((low >> 38) << 6) | (high & 0xffff_ffff_0000_0000);
            return new(index, address, [low, high], source, vector, null, IsLogical: false, 0, null, new(descriptor));
        }

        return new(index, address, [low, high], source, vector, (uint)(low >> DestinationShift), (low >> 2 & 1) != 0, (int)(low >> 5 & 7), (low >> 4 & 1) != 0,
            null);
    }
}
