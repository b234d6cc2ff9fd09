using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>Finds the first mapping after the kernel's image that is not part of it: a module.</summary>
internal static class ModuleProbe
{
    /// <summary>The first address of a range that is mapped elsewhere than the image would be, or null where none is.</summary>
    public static VirtualAddress? First(AddressSpace space, TextMapping text, VirtualAddress from, VirtualAddress last)
    {
        Finder finder = new(text);
        space.Visit(from, last, ref finder);
        return finder.First;
    }

    private struct Finder(TextMapping text) : ICpuLeafVisitor
    {
        public VirtualAddress? First { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            if (First is null && !text.Contains(leaf.Address))
            {
                First = leaf.Address;
            }
        }
    }
}
