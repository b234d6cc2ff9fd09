using IommuSpy.Linux.Layout;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Analysis.Pages;

/// <summary>Which page frames vmalloc space and module space map, and where first.</summary>
internal struct MappedFrames : ILeafVisitor
{
    // Of a shadow or a driver's huge aperture that lies there, no more than this is kept.
    private const int Most = 1 << 24;

    private readonly Dictionary<PageFrame, VirtualAddress> _found;
    private readonly X64AddressSpace _space;

    private MappedFrames(X64AddressSpace space)
    {
        _space = space;
        _found = [];
    }

    /// <summary>Visits the regions.</summary>
    public static Dictionary<PageFrame, VirtualAddress> Of(Machine machine)
    {
        MappedFrames frames = new(machine.Kernel.Space);
        foreach (LayoutRegion region in machine.Layout.Regions.Where(region => region.Kind is RegionKind.Vmalloc or RegionKind.Modules))
        {
            machine.Kernel.Space.Visit(region.Start, region.End, ref frames);
        }

        return frames._found;
    }

    public readonly void Leaf(ulong address, int level, ulong entry, ulong grants)
    {
        ulong pages = 1UL << (9 * (level - 1));
        ulong first = X64Format.Target(entry) >> PageFrame.Shift;
        ulong start = _space.SignExtend(address);
        for (ulong i = 0; i < pages && _found.Count < Most; i++)
        {
            _found.TryAdd(new(first + i), new(start + (i << PageFrame.Shift)));
        }
    }
}
