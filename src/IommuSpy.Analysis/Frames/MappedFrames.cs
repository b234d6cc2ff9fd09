using IommuSpy.Linux;
using IommuSpy.Linux.Layout;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Frames;

/// <summary>Which page frames vmalloc space and module space map, and where first.</summary>
internal struct MappedFrames : ICpuLeafVisitor
{
    // Of a shadow or a driver's huge aperture that lies there, no more than this is kept besides what can be memory.
    private const ulong MostElsewhere = 1 << 20;
    private const ulong MostOfAll = 1 << 24;

    private readonly Dictionary<PageFrame, VirtualAddress> _found;
    private readonly int _most;

    private MappedFrames(Dictionary<PageFrame, VirtualAddress> found, ulong frames)
    {
        _found = found;
        _most = (int)Math.Min(frames + MostElsewhere, MostOfAll);
    }

    /// <summary>Visits the regions.</summary>
    public static Dictionary<PageFrame, VirtualAddress> Of(KernelParts parts)
    {
        MappedFrames frames = new([], parts.Kernel.Memory.ByteCount >> PageFrame.Shift);
        foreach (LayoutRegion region in parts.Layout.Regions.Where(region => region.Kind is RegionKind.Vmalloc or RegionKind.Modules))
        {
            parts.Kernel.Space.Visit(region.Start, region.End, ref frames);
        }

        return frames._found;
    }

    public readonly void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
        where TFormat : struct, ITableFormat
    {
        ulong pages = leaf.Bytes >> PageFrame.Shift;
        ulong first = leaf.Physical.Frame.Number;
        ulong start = leaf.Address.Value;
        for (ulong i = 0; i < pages && _found.Count < _most; i++)
        {
            _found.TryAdd(new(first + i), new(start + (i << PageFrame.Shift)));
        }
    }
}
