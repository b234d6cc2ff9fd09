using IommuSpy.Memory;

namespace IommuSpy.Linux.Layout;

/// <summary>A part of the virtual address space of one kernel, where it really is.</summary>
/// <param name="Kind">What it is for.</param>
/// <param name="Name">In words: "direct map", "vmalloc".</param>
/// <param name="Start">First address in this image.</param>
/// <param name="End">Last address in this image, inclusive.</param>
/// <param name="Documented">The row of this release's documentation; null for a region that it does not name.</param>
/// <param name="Moved">Whether KASLR moved it from where the documentation has it.</param>
/// <param name="Source">How the place was found: "kallsyms page_offset_base", "documented, fixed".</param>
public sealed record LayoutRegion(RegionKind Kind, string Name, VirtualAddress Start, VirtualAddress End, DocumentedRegion? Documented, bool Moved,
    string Source)
{
    /// <summary>Whether the region holds <paramref name="address"/>.</summary>
    public bool Contains(VirtualAddress address) => address - Start <= End - Start;
}
