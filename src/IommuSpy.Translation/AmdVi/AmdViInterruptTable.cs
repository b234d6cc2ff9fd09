using System.Buffers.Binary;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Translation.AmdVi;

/// <summary>
/// AMD-Vi's tables of interrupt remapping entries: one a device, of 4 bytes an entry, or of 16 in guest virtual APIC mode (AMD 48882, 2.2.5).
/// docs/interrupt-remapping.md
/// </summary>
public static class AmdViInterruptTable
{
    private const int ShortBytes = 4;
    private const int LongBytes = 16;
    private const uint Enabled = 1;
    private const ulong GuestMode = 1UL << 7;
    private const ulong GuestPageMask = 0x000f_ffff_ffff_f000;

    /// <summary>The entries that are enabled, in order; up to the end of what the image has of the table.</summary>
    /// <param name="memory">Where it is.</param>
    /// <param name="table">Its first entry.</param>
    /// <param name="entries">How many it has.</param>
    /// <param name="isLong">Entries of 16 bytes (control register: GAEn), rather than 4.</param>
    /// <param name="source">Whose it is.</param>
    public static IReadOnlyList<InterruptEntry> Read(PhysicalMemory memory, PhysicalAddress table, int entries, bool isLong, RequesterId source)
    {
        int size = isLong ? LongBytes : ShortBytes;
        byte[] bytes = new byte[Math.Clamp(entries, 0, 1 << 15) * size];
        int length = memory.Read(table, bytes);
        List<InterruptEntry> found = [];
        for (int at = 0; at + size <= length; at += size)
        {
            ReadOnlySpan<byte> entry = bytes.AsSpan(at, size);
            uint first = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if ((first & Enabled) != 0)
            {
                PhysicalAddress address = new(table.Value + (ulong)at);
                found.Add(isLong
                    ? Long(at / size, address, BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt64LittleEndian(entry[sizeof(ulong)..]),
                        source)
                    : new(at / size, address, [first], source, (int)(first >> 16 & 0xff), first >> 8 & 0xff, (first >> 6 & 1) != 0, (int)(first >> 2 & 7), null,
                        null));
            }
        }

        return found;
    }

    /// <summary>Whether a table has entries of 16 bytes, by its content; null where it tells nothing.</summary>
    /// <remarks>
    /// In a long entry the vector is in the second quadword, so that the third 4 bytes have it where a short entry would have its enabling bit and destination.
    /// </remarks>
    public static bool? IsLong(PhysicalMemory memory, PhysicalAddress table, int entries)
    {
        byte[] bytes = new byte[Math.Clamp(entries, 0, 1 << 15) * ShortBytes];
        int length = memory.Read(table, bytes);
        bool? isLong = null;
        for (int at = 0; at + LongBytes <= length; at += LongBytes)
        {
            uint first = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));
            uint second = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 4));
            uint third = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8));
            bool shortVector = (first & Enabled) != 0 && (first >> 16 & 0xff) >= 0x10;
            if (shortVector && (second & Enabled) != 0)
            {
                return false;
            }

            if ((first & Enabled) != 0 && second == 0 && third is >= 0x10 and <= 0xff)
            {
                isLong = true;
            }
            else if (shortVector)
            {
                isLong ??= false;
            }
        }

        return isLong;
    }

    private static InterruptEntry Long(int index, PhysicalAddress address, ulong low, ulong high, RequesterId source)
    {
        int vector = (int)(high & 0xff);
        return (low & GuestMode) != 0
            ? new(index, address, [low, high], source, vector, null, IsLogical: false, 0, null, new(high & GuestPageMask))
            : new(
                index, address, [low, high], source, vector, (uint)(low >> 8 & 0xff_ffff) | ((uint)(high >> 56) << 24), (low >> 6 & 1) != 0,
                (int)(low >> 2 & 7), null, null);
    }
}
