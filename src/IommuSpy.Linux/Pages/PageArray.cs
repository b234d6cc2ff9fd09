using System.Buffers.Binary;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// The array of struct page: where the struct page of each page frame is, by the kernel's own mem_section, or by vmemmap's base where that cannot be read.
/// Pages that hold struct pages are found once; reading one after that is two loads. Safe to share between threads.
/// </summary>
public sealed class PageArray
{
    // Of a page of the array that is not there.
    private const ulong Absent = ulong.MaxValue;

    // 52 bits of physical address at the most.
    private const ulong MostSections = 1UL << (52 - PageSection.SizeBits);

    // Low bits of section_mem_map are flags; the array itself is aligned to far more than a page.
    private const ulong MapMask = ~(ulong)(PageFrame.Size - 1);
    private const ulong HasMemMap = 2;
    private const ulong IsOnline = 4;
    private const ulong IsMixed = 16;

    private readonly LinuxKernel _kernel;
    private readonly PageSection?[] _sections;
    private readonly ulong[]?[] _pieces;
    private readonly VirtualAddress[] _maps;

    private PageArray(LinuxKernel kernel, int structPageBytes, PageSection?[] sections, string source)
    {
        _kernel = kernel;
        StructPageBytes = structPageBytes;
        _sections = sections;
        _pieces = new ulong[]?[sections.Length];
        Source = source;
        Sections = [.. sections.OfType<PageSection>()];

        // All sections of a kernel with vmemmap agree on where page frame 0 would be.
        _maps = [.. Sections.Select(section => section.Map).Distinct()];
    }

    /// <summary>sizeof(struct page).</summary>
    public int StructPageBytes { get; }

    /// <summary>The sections that have struct pages, in order.</summary>
    public IReadOnlyList<PageSection> Sections { get; }

    /// <summary>How they were found: "mem_section", or "vmemmap_base".</summary>
    public string Source { get; }

    /// <summary>The page frame after the last section's last.</summary>
    public PageFrame End => new(Sections.Count == 0 ? 0 : Sections[^1].First.Number + PageSection.Frames);

    /// <summary>Finds the array.</summary>
    /// <exception cref="MissingTypeException">Neither mem_section can be read nor is the base of vmemmap known.</exception>
    public static PageArray Of(KernelObjects objects)
    {
        LinuxKernel kernel = objects.Kernel;
        int bytes = PageFields.BytesOf(kernel, objects.Types);
        if (FromMemSection(objects, bytes) is PageSection?[] sections)
        {
            return new(kernel, bytes, sections, "mem_section");
        }

        if (kernel.Facts.VmemmapBase is { } vmemmap)
        {
            return new(kernel, bytes, FromVmemmap(kernel, vmemmap.Value, bytes), "vmemmap_base");
        }

        throw new MissingTypeException("where this kernel keeps its struct pages is not known: neither mem_section nor vmemmap_base can be read");
    }

    /// <summary>The section that holds a page frame; null where none has struct pages for it.</summary>
    public PageSection? SectionOf(PageFrame frame)
    {
        ulong section = frame.Number / PageSection.Frames;
        return section < (ulong)_sections.Length ? _sections[section] : null;
    }

    /// <summary>Where the struct page of a page frame is; null where there is none.</summary>
    public VirtualAddress? AddressOf(PageFrame frame) => SectionOf(frame) is PageSection section ? section.Map + (frame.Number * (ulong)StructPageBytes) : null;

    /// <summary>The page frame whose struct page is at an address; null where none is: a pointer into the middle of one is no pointer to a page.</summary>
    public PageFrame? FrameOf(VirtualAddress structPage)
    {
        foreach (VirtualAddress map in _maps)
        {
            (ulong number, ulong rest) = Math.DivRem(structPage - map, (ulong)StructPageBytes);
            if (rest == 0 && SectionOf(new(number)) is PageSection section && section.Map == map)
            {
                return new(number);
            }
        }

        return null;
    }

    /// <summary>The physical address of a page frame's struct page; false where it is not mapped.</summary>
    public bool TryLocate(PageFrame frame, out PhysicalAddress address)
    {
        ulong number = frame.Number / PageSection.Frames;
        address = default;
        if (number >= (ulong)_sections.Length || _sections[number] is not PageSection section)
        {
            return false;
        }

        ulong[] pieces = _pieces[number] ??= Locate(section);
        ulong at = (frame.Number % PageSection.Frames) * (ulong)StructPageBytes;
        ulong piece = pieces[at / PageFrame.Size];
        address = new(piece + (at % PageFrame.Size));
        return piece != Absent;
    }

    /// <summary>The 8 bytes at a distance from a page frame's struct page; false where they cannot be read.</summary>
    /// <param name="frame">The page frame.</param>
    /// <param name="offset">Bytes; past the struct page's end it is that of a page frame after it.</param>
    /// <param name="value">The bytes, little-endian.</param>
    public bool TryReadWord(PageFrame frame, int offset, out ulong value)
    {
        PageFrame holder = new(frame.Number + (ulong)(offset / StructPageBytes));
        int within = offset % StructPageBytes;
        if (TryLocate(holder, out PhysicalAddress address) && (address.Value % PageFrame.Size) + (ulong)within + sizeof(ulong) <= PageFrame.Size)
        {
            return _kernel.Memory.TryRead(address + (ulong)within, out value);
        }

        // A struct page that is no power of two goes over the edges of pages.
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        value = 0;
        if (AddressOf(holder) is not VirtualAddress at || _kernel.Space.Read(at + (ulong)within, bytes) != bytes.Length)
        {
            return false;
        }

        value = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        return true;
    }

    /// <summary>
    /// As many struct pages as lie together in memory, from a page frame on, and at most to its section's end: without a copy where the image is mapped.
    /// </summary>
    /// <param name="frame">The first page frame.</param>
    /// <param name="copy">Used only where there is no mapping to point into; it bounds the run there.</param>
    /// <returns>Whole struct pages; none where the first cannot be read.</returns>
    public ReadOnlySpan<byte> Run(PageFrame frame, Span<byte> copy)
    {
        if (!TryLocate(frame, out PhysicalAddress start))
        {
            return default;
        }

        ulong number = frame.Number / PageSection.Frames;
        ulong[] pieces = _pieces[number]!;
        ulong from = frame.Number % PageSection.Frames * (ulong)StructPageBytes;
        int piece = (int)(from / PageFrame.Size);
        int last = piece;
        while (last + 1 < pieces.Length && pieces[last + 1] == pieces[last] + PageFrame.Size)
        {
            last++;
        }

        ulong end = Math.Min((ulong)(last + 1) * PageFrame.Size, (ulong)PageSection.Frames * (ulong)StructPageBytes);
        int length = (int)(end - from) / StructPageBytes * StructPageBytes;
        if (length == 0)
        {
            // It goes over the edge of a page whose neighbour is elsewhere.
            Span<byte> one = copy[..StructPageBytes];
            return AddressOf(frame) is VirtualAddress at && _kernel.Space.Read(at, one) == one.Length ? one : default;
        }

        if (_kernel.Memory.TryGetSpan(start, length, out ReadOnlySpan<byte> bytes))
        {
            return bytes;
        }

        int read = _kernel.Memory.Read(start, copy[..Math.Min(length, copy.Length)]);
        return copy[..(read / StructPageBytes * StructPageBytes)];
    }

    /// <summary>Every page of memory that holds struct pages, each once, in no order.</summary>
    public IEnumerable<PageFrame> OwnPages()
    {
        HashSet<ulong> seen = [];
        for (int i = 0; i < _sections.Length; i++)
        {
            if (_sections[i] is not PageSection section)
            {
                continue;
            }

            foreach (ulong piece in _pieces[i] ??= Locate(section))
            {
                if (piece != Absent && seen.Add(piece))
                {
                    yield return new PhysicalAddress(piece).Frame;
                }
            }
        }
    }

    private ulong[] Locate(PageSection section)
    {
        ulong first = section.Map.Value + (section.First.Number * (ulong)StructPageBytes);
        ulong bytes = (ulong)PageSection.Frames * (ulong)StructPageBytes;
        ulong[] pieces = new ulong[(bytes + PageFrame.Size - 1) / PageFrame.Size];
        for (int i = 0; i < pieces.Length; i++)
        {
            pieces[i] = _kernel.Space.TryTranslate(new(first + ((ulong)i * PageFrame.Size)), out PhysicalAddress physical) && _kernel.Memory.Contains(physical)
                ? physical.Value
                : Absent;
        }

        return pieces;
    }

    private static PageSection?[]? FromMemSection(KernelObjects objects, int structPageBytes)
    {
        if (objects.Variable("mem_section") is not VirtualAddress variable || SectionCount(objects) is not (ulong count and > 0))
        {
            return null;
        }

        // A pointer to the array of roots since 4.14, that array itself before (CONFIG_SPARSEMEM_EXTREME).
        return (objects.Pointer(variable) is VirtualAddress pointer ? Sections(pointer) : null) ?? Sections(variable);

        PageSection?[]? Sections(VirtualAddress roots) =>
            ReadSections(objects, roots, count) is PageSection?[] sections && IsMapped(objects.Kernel, sections, structPageBytes) ? sections : null;
    }

    private static PageSection?[]? ReadSections(KernelObjects objects, VirtualAddress roots, ulong count)
    {
        if (objects.Types.FindStruct("mem_section") is not StructType type || type.Find("section_mem_map") is not Field map
            || type.Bytes is 0 or > PageFrame.Size)
        {
            return null;
        }

        Field? usage = type.Find("usage");
        Field? subsections = objects.Types.FindField("mem_section_usage", "subsection_map");
        PageSection?[] sections = new PageSection?[count];
        ulong perRoot = PageFrame.Size / type.Bytes;
        bool anyOnline = false;
        for (ulong i = 0; i < count; i++)
        {
            if (objects.Pointer(roots + (i / perRoot * sizeof(ulong))) is not VirtualAddress root)
            {
                i |= perRoot - 1;
                continue;
            }

            VirtualAddress at = root + (i % perRoot * type.Bytes);
            if (objects.Read(at, map) is not ulong word || (word & HasMemMap) == 0)
            {
                continue;
            }

            ulong parts = objects.Pointer(at, usage) is VirtualAddress its && subsections is not null && objects.Word(its + subsections.Offset) is ulong bits
                ? bits : ulong.MaxValue;
            anyOnline |= (word & IsOnline) != 0;
            sections[i] = new(new(i * PageSection.Frames), (word & IsOnline) != 0, parts, new(word & MapMask)) { IsMixed = (word & IsMixed) != 0 };
        }

        // Before 4.13 there was no such bit: every section with struct pages counted.
        return anyOnline ? sections : [.. sections.Select(section => section is null ? null : section with { Online = true })];
    }

    // What is read as sections and is none leads nowhere, or to where vmemmap is known not to be.
    private static bool IsMapped(LinuxKernel kernel, PageSection?[] sections, int structPageBytes)
    {
        PageSection[] present = [.. sections.OfType<PageSection>()];
        return present.Length > 0 && present.All(section =>
            (kernel.Facts.VmemmapBase is not { Agreed: true } vmemmap || section.Map == vmemmap.Value)
            && kernel.Space.TryTranslate(section.Map + (section.First.Number * (ulong)structPageBytes), out _));
    }

    private static PageSection?[] FromVmemmap(LinuxKernel kernel, VirtualAddress vmemmap, int structPageBytes)
    {
        ulong count = Math.Min((kernel.Memory.Ranges[^1].Last.Value >> PageSection.SizeBits) + 1, MostSections);
        PageSection?[] sections = new PageSection?[count];
        for (ulong i = 0; i < count; i++)
        {
            // A section that has struct pages has all of them: an image's hole has none mapped.
            VirtualAddress first = vmemmap + (i * PageSection.Frames * (ulong)structPageBytes);
            if (kernel.Space.TryTranslate(first, out _))
            {
                sections[i] = new(new(i * PageSection.Frames), true, ulong.MaxValue, vmemmap);
            }
        }

        return sections;
    }

    // max_pfn is one more than the highest page frame; memory that is added later raises it.
    private static ulong? SectionCount(KernelObjects objects)
    {
        ulong? frames = objects.Variable("max_pfn") is VirtualAddress variable ? objects.Word(variable) : null;
        if (frames is not (> 0 and <= 1UL << (52 - PageFrame.Shift)))
        {
            return null;
        }

        // A device's memory may lie above it.
        ulong? highest = objects.Variable("__highest_present_section_nr") is VirtualAddress its ? objects.Word(its) : null;
        return Math.Max(highest is ulong number and < MostSections ? number + 1 : 0, (frames.Value + PageSection.Frames - 1) / PageSection.Frames);
    }
}
