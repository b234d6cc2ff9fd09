using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Roots;

/// <summary>Counts what tables map. Each table is read once, however many paths lead to it: hostile ones make 2^36 of them.</summary>
internal sealed class MappedBytes(PhysicalMemory memory, ulong entryMask)
{
    private const int LowerHalfEntries = 256;
    private readonly Dictionary<(ulong Table, int Level), ulong> _known = [];

    /// <summary>Bytes that a root table maps in user space.</summary>
    public ulong InLowerHalf(PhysicalAddress root, int levels) => Sum(root, levels, LowerHalfEntries);

    private ulong Of(PhysicalAddress table, int level)
    {
        if (!_known.TryGetValue((table.Value, level), out ulong bytes))
        {
            _known[(table.Value, level)] = bytes = Sum(table, level, PageFrame.Size / sizeof(ulong));
        }

        return bytes;
    }

    private ulong Sum(PhysicalAddress table, int level, int entries)
    {
        Span<byte> copy = stackalloc byte[PageFrame.Size];
        if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
        {
            return 0;
        }

        ulong sum = 0;
        foreach (ulong raw in MemoryMarshal.Cast<byte, ulong>(bytes)[..entries])
        {
            ulong entry = raw & entryMask;
            if (X64Format.IsPresent(entry))
            {
                sum += X64Format.IsLeaf(entry, level) ? 1UL << (3 + (9 * level)) : Of(new(X64Format.Target(entry)), level - 1);
            }
        }

        return sum;
    }
}
