using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds the first mapping after the kernel's image that is not part of it: a module.</summary>
internal static class ModuleProbe
{
    // Below the fixmap, which every kernel has in the last 16 MiB.
    private const ulong FixmapSpace = 0xffff_ffff_ff00_0000;

    /// <summary>The first address from <paramref name="from"/> on that is mapped elsewhere than the image would be, or null where none is.</summary>
    public static VirtualAddress? First(X64AddressSpace space, TextMapping text, VirtualAddress from)
    {
        Finder finder = new(space, text);
        space.Visit(from, new(FixmapSpace - 1), ref finder);
        return finder.First;
    }

    private struct Finder(X64AddressSpace space, TextMapping text) : ILeafVisitor
    {
        public VirtualAddress? First { get; private set; }

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            VirtualAddress at = new(space.SignExtend(address));
            if (First is null && !text.Contains(at))
            {
                First = at;
            }
        }
    }
}
