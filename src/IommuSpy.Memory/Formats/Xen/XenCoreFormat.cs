using System.Buffers.Binary;
using System.Runtime.InteropServices;
using IommuSpy.Memory.Formats.Elf;

namespace IommuSpy.Memory.Formats.Xen;

/// <summary>
/// The core of a Xen guest with its own physical memory (HVM, PVH), as `xl dump-core` writes it: pages one after the other in section .xen_pages, and their
/// frame numbers, in any order, in .xen_pfn (Xen, docs/misc/dump-core-format.txt). A paravirtualized guest's page tables hold the host's frames, not its own:
/// such a core is refused.
/// </summary>
internal sealed class XenCoreFormat : IMemoryFormat
{
    private const string NoteName = "Xen";
    private const uint HeaderNote = 0x200_0001; // XEN_ELFNOTE_DUMPCORE_HEADER: magic, CPUs, pages, bytes of a page, 8 bytes each
    private const ulong NoPage = ulong.MaxValue; // XC_CORE_INVALID_PFN: a place that was not filled
    private const ulong LastFrame = (1UL << (52 - PageFrame.Shift)) - 1; // physical addresses have 52 bits
    private const int FramesAtOnce = 8192;

    /// <inheritdoc/>
    public string Name => "Xen core";

    /// <inheritdoc/>
    public bool Recognises(ImageFile file) => CoreSections.AreIn(file);

    /// <inheritdoc/>
    public MemoryImage Open(ImageFile file, MemoryImageOptions options)
    {
        CoreSections sections = CoreSections.Read(file);
        if (sections[".xen_pages"] is not CoreSection pages)
        {
            throw new MemoryImageException($"{file.Path}: ELF core with no memory in it (neither a PT_LOAD program header nor a section .xen_pages)");
        }

        if (sections[".xen_p2m"] is not null)
        {
            throw new MemoryImageException($"{file.Path}: core of a paravirtualized Xen guest, whose page tables hold frames of the host: only cores of guests "
                + $"with their own physical memory (HVM, PVH) are read");
        }

        if (sections[".xen_pfn"] is not CoreSection numbers || !file.Holds(numbers.Offset, numbers.Length))
        {
            throw new MemoryImageException($"{file.Path}: Xen core without the frame numbers of its pages (section .xen_pfn is missing or lies outside the "
                + $"file)");
        }

        if (numbers.Length / sizeof(ulong) != pages.Length >> PageFrame.Shift || pages.Offset > ulong.MaxValue - pages.Length)
        {
            throw new MemoryImageException($"{file.Path}: Xen core of {numbers.Length / sizeof(ulong)} frame numbers "
                + $"for {pages.Length >> PageFrame.Shift} pages at 0x{pages.Offset:x}");
        }

        List<ElfNote> notes = Notes(file, sections, options);
        ulong cpus = CpuCount(file, notes);

        (List<StoredRun> runs, ulong lost) = Runs(file, pages, numbers, options);
        List<string> damage = lost == 0 ? []
            : [$"section .xen_pages ends at 0x{pages.Offset + pages.Length:x} and the file at 0x{file.Length:x}: {Size.Text(lost)} of RAM is missing"];
        if (damage.Count > 0 && !options.AllowTruncated)
        {
            throw new MemoryImageException($"{file.Path}: Xen core, but {damage[0]}. Analyse what is there with --allow-truncated.");
        }

        if (runs.Count == 0)
        {
            throw new MemoryImageException($"{file.Path}: Xen core with no memory in it");
        }

        IEnumerable<MemorySegment> segments = runs.Select(run => file.SegmentAt(new(run.Start), run.Offset, run.Length));
        IEnumerable<PhysicalRange> data = runs.SelectMany(run => FileData.In(file, new(run.Start), run.Offset, run.Length));
        return new(file, Name, [new(PhysicalMemory.Of(file, Name, segments, data, lost), "frame numbers of its pages")])
        {
            Notes = notes,
            Cpus = Cpus(file, sections, cpus),
            Damage = damage,
        };
    }

    private static List<ElfNote> Notes(ImageFile file, CoreSections sections, MemoryImageOptions options) =>
        sections[".note.Xen"] is CoreSection section && section.Length <= (ulong)options.Limits.NoteBytes && file.Holds(section.Offset, section.Length)
            ? ElfNotes.Read(file.Span(section.Offset, (int)section.Length))
            : [];

    private static ulong CpuCount(ImageFile file, List<ElfNote> notes)
    {
        ElfNote? note = notes.Find(note => note.Type == HeaderNote && string.Equals(note.Name, NoteName, StringComparison.Ordinal));
        if (note is null || note.Descriptor.Length < 4 * sizeof(ulong))
        {
            throw new MemoryImageException($"{file.Path}: Xen core without the note that says how large its pages are (.note.Xen, type 0x{HeaderNote:x})");
        }

        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(note.Descriptor.Span);
        return words[3] == PageFrame.Size
            ? words[1]
            : throw new MemoryImageException($"{file.Path}: Xen core of pages of {words[3]} bytes; those of x86-64 have {PageFrame.Size}");
    }

    // Pages whose frames and places follow on each other are one run. Of frames that stand twice, the place in order of frames that comes first is taken.
    private static (List<StoredRun> Runs, ulong Lost) Runs(ImageFile file, CoreSection pages, CoreSection numbers, MemoryImageOptions options)
    {
        List<StoredRun> runs = [];
        ulong lost = 0;
        ulong count = numbers.Length / sizeof(ulong);
        byte[] buffer = new byte[FramesAtOnce * sizeof(ulong)];
        for (ulong first = 0; first < count; first += FramesAtOnce)
        {
            Span<byte> part = buffer.AsSpan(0, (int)Math.Min(FramesAtOnce, count - first) * sizeof(ulong));
            part = part[..file.Read(numbers.Offset + (first * sizeof(ulong)), part)];
            for (int i = 0; i < part.Length; i += sizeof(ulong))
            {
                ulong frame = BinaryPrimitives.ReadUInt64LittleEndian(part[i..]);
                if (frame == NoPage)
                {
                    continue;
                }

                ulong place = first + ((ulong)i / sizeof(ulong));
                if (frame > LastFrame)
                {
                    throw new MemoryImageException($"{file.Path}: Xen core whose page {place} has the frame number 0x{frame:x}: physical addresses have 52 "
                        + $"bits");
                }

                ulong offset = pages.Offset + (place << PageFrame.Shift);
                ulong start = frame << PageFrame.Shift;
                if (!file.Holds(offset, PageFrame.Size))
                {
                    lost += PageFrame.Size;
                }
                else if (runs.Count > 0 && runs[^1] is var last && last.Start + last.Length == start && last.Offset + last.Length == offset)
                {
                    runs[^1] = last with { Length = last.Length + PageFrame.Size };
                }
                else if (runs.Count == options.Limits.MemoryRanges)
                {
                    throw new MemoryImageException($"{file.Path}: Xen core of more than {options.Limits.MemoryRanges} runs of memory");
                }
                else
                {
                    runs.Add(new(start, offset, PageFrame.Size));
                }
            }
        }

        return (StoredRun.Disjoint(runs), lost);
    }

    private static List<CpuState> Cpus(ImageFile file, CoreSections sections, ulong count)
    {
        List<CpuState> cpus = [];
        if (count > 0 && sections[".xen_prstatus"] is CoreSection section && section.Length / count >= GuestContext.Bytes
            && file.Holds(section.Offset, section.Length))
        {
            ulong stride = section.Length / count;
            for (ulong i = 0; i < count; i++)
            {
                cpus.Add(GuestContext.Read(file.Span(section.Offset + (i * stride), GuestContext.Bytes)));
            }
        }

        return cpus;
    }
}
