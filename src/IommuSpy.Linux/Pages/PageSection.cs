using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>A section of physical memory that has struct pages (include/linux/mmzone.h, struct mem_section).</summary>
/// <param name="First">Its first page frame.</param>
/// <param name="Online">Whether the kernel uses it as memory, rather than as a device's or not yet.</param>
/// <param name="Subsections">Which of its parts of 2 MiB hold memory, as the kernel counts it; all where the kernel does not tell them apart.</param>
/// <param name="Map">Where the struct page of page frame 0 would be, if this section's array went on down to it.</param>
public sealed record PageSection(PageFrame First, bool Online, ulong Subsections, VirtualAddress Map)
{
    /// <summary>log2 of a section's bytes (arch/x86/include/asm/sparsemem.h, SECTION_SIZE_BITS).</summary>
    public const int SizeBits = 27;

    /// <summary>Page frames of a section.</summary>
    public const int Frames = 1 << (SizeBits - PageFrame.Shift);

    // include/linux/mmzone.h, SUBSECTION_SHIFT.
    private const int SubsectionBits = 21;

    /// <summary>Page frames of a part of a section.</summary>
    internal const int SubsectionFrames = 1 << (SubsectionBits - PageFrame.Shift);

    /// <summary>Whether a device's memory shares the section with ordinary memory (SECTION_TAINT_ZONE_DEVICE, since 5.12).</summary>
    public bool IsMixed { get; init; }

    /// <summary>Whether a page frame of the section has a struct page, be it memory that is in use or not.</summary>
    public bool Has(PageFrame frame) => ((Subsections >> (int)((frame.Number - First.Number) / SubsectionFrames)) & 1) != 0;

    /// <summary>Whether the kernel would show a page frame of the section (mm/memory_hotplug.c, pfn_to_online_page).</summary>
    public bool Shows(PageFrame frame) => Online && Has(frame);
}
