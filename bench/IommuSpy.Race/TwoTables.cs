using System.Buffers.Binary;
using IommuSpy.Memory;

namespace IommuSpy.Race;

/// <summary>
/// One GiB in 4 KiB pages, mapped by x86-64 tables and by VT-d second-stage tables of the same four levels: what differs is the format alone.
/// </summary>
internal static class TwoTables
{
    public const int Levels = 4;
    public const ulong MappedBytes = 1UL << 30;
    public const ulong CpuRoot = 0;

    private const int Entries = 512;
    private const int Leaves = (int)(MappedBytes / PageFrame.Size);
    private const int TablesOfEach = 3 + (Leaves / Entries);
    private const ulong CpuFlags = 0x67; // P, R/W, U/S, A, D
    private const ulong DeviceFlags = 0x3; // R, W

    /// <summary>Where the device's top table is.</summary>
    public const ulong DeviceRoot = (ulong)TablesOfEach * PageFrame.Size;

    /// <summary>Writes the tables into a raw image.</summary>
    public static void Write(string path)
    {
        byte[] image = new byte[2 * TablesOfEach * PageFrame.Size];
        Fill(image, CpuRoot, CpuFlags);
        Fill(image, DeviceRoot, DeviceFlags);
        File.WriteAllBytes(path, image);
    }

    // Three tables above those of the last level, each table in the first entry of the one above it but those; pages lie in no order that a prefetcher would
    // guess.
    private static void Fill(byte[] image, ulong root, ulong flags)
    {
        void Put(ulong table, int index, ulong target) =>
            BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan((int)table + (index * sizeof(ulong))), target | flags);
        Put(root, 0, root + PageFrame.Size);
        Put(root + PageFrame.Size, 0, root + (2 * PageFrame.Size));
        for (int i = 0; i < Leaves / Entries; i++)
        {
            ulong table = root + (ulong)((3 + i) * PageFrame.Size);
            Put(root + (2 * PageFrame.Size), i, table);
            for (int j = 0; j < Entries; j++)
            {
                Put(table, j, (ulong)(((i * Entries) + j) * 2654435761L % Leaves) << PageFrame.Shift);
            }
        }
    }
}
