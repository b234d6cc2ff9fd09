using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Find;

/// <summary>The runs of virtual addresses that a space maps to memory, neighbours joined; no more of them than the memory can fill a few times.</summary>
internal struct MappedRuns(PhysicalMemory memory, VirtualAddress first, VirtualAddress last) : ICpuLeafVisitor
{
    // The direct map, the kernel's image, vmalloc and struct pages once each; what maps more maps the same again and again.
    private const ulong MostTimes = 4;

    private readonly List<(ulong First, ulong Bytes)> _runs = [];
    private readonly ulong _most = memory.ByteCount * MostTimes;
    private ulong _bytes;
    private ulong? _before;

    /// <summary>The runs, in order.</summary>
    public readonly IReadOnlyList<(ulong First, ulong Bytes)> Runs => _runs;

    /// <summary>Whether more is mapped than is searched.</summary>
    public readonly bool IsCut => _bytes >= _most;

    public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
        where TFormat : struct, ITableFormat
    {
        // One page that is mapped over and over (KASAN's shadow, espfix) is searched once.
        ulong physical = leaf.Physical.Value;
        bool again = _before == physical;
        _before = physical;
        if (again || IsCut || !memory.IsMemory(leaf.Physical))
        {
            return;
        }

        ulong start = Math.Max(leaf.Address.Value, first.Value);
        ulong end = Math.Min(leaf.Address.Value + (leaf.Bytes - 1), last.Value);
        if (start > end)
        {
            return;
        }

        ulong bytes = end - start + 1;
        _bytes += bytes;
        if (_runs.Count > 0 && _runs[^1].First + _runs[^1].Bytes == start)
        {
            _runs[^1] = (_runs[^1].First, _runs[^1].Bytes + bytes);
        }
        else
        {
            _runs.Add((start, bytes));
        }
    }
}
