using System.Runtime.InteropServices;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Roots;

/// <summary>Counts what tables map. Each table is read once, however many paths lead to it: hostile ones make 2^36 of them.</summary>
internal sealed class MappedBytes(PhysicalMemory memory, PagingMode mode)
{
    private readonly TableFormat _format = mode.Format;
    private readonly Dictionary<(ulong Table, int Level), ulong> _known = [];

    /// <summary>Bytes that a root table maps in user space.</summary>
    public ulong InUserSpace(PhysicalAddress root) => root == mode.UpperRoot ? 0 : Sum(root, mode.Levels, mode.UserEntries);

    private ulong Of(PhysicalAddress table, int level)
    {
        if (!_known.TryGetValue((table.Value, level), out ulong bytes))
        {
            _known[(table.Value, level)] = bytes = Sum(table, level, _format.Entries);
        }

        return bytes;
    }

    private ulong Sum(PhysicalAddress table, int level, int entries)
    {
        Span<byte> copy = stackalloc byte[_format.TableBytes];
        if (!memory.TryGet(table, copy, out ReadOnlySpan<byte> bytes))
        {
            return 0;
        }

        ulong sum = 0;
        foreach (ulong raw in MemoryMarshal.Cast<byte, ulong>(bytes)[..entries])
        {
            ulong entry = raw & mode.EntryMask;
            if (entry != 0 && _format.IsPresent(entry))
            {
                sum += _format.IsLeaf(entry, level) ? _format.SlotBytes(level) : Of(new(_format.Target(entry)), _format.NextLevel(entry, level));
            }
        }

        return sum;
    }
}
