using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pages;

/// <summary>
/// Memory with struct pages that belongs to a device and not to the kernel: zone Device (struct dev_pagemap). Struct pages lead to it; what they lead to
/// is believed where it tells of their own page frame, and the last page frame that it tells of leads to it, too: the same word of other struct pages is
/// a link of a list, which leads to anything.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="First">Its first page frame.</param>
/// <param name="Last">Its last page frame, inclusive.</param>
public sealed record DeviceMemory(DeviceMemoryKind Kind, PageFrame First, PageFrame Last)
{
    private const ulong MostRanges = 64;

    private static readonly (string Name, DeviceMemoryKind Kind)[] Names =
    [
        ("MEMORY_DEVICE_PRIVATE", DeviceMemoryKind.Private),
        ("MEMORY_DEVICE_COHERENT", DeviceMemoryKind.Coherent), ("MEMORY_DEVICE_FS_DAX", DeviceMemoryKind.FsDax),
        ("MEMORY_DEVICE_GENERIC", DeviceMemoryKind.DevDax),
        ("MEMORY_DEVICE_DEVDAX", DeviceMemoryKind.DevDax),
        ("MEMORY_DEVICE_PCI_P2PDMA", DeviceMemoryKind.PeerToPeer),
    ];

    /// <summary>Whether a page frame is of it.</summary>
    public bool Contains(PageFrame frame) => frame.Number >= First.Number && frame.Number <= Last.Number;

    /// <summary>Finds all of it; nothing where this kernel has none, or its types do not tell.</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="array">Its struct pages.</param>
    internal static IReadOnlyList<DeviceMemory> Find(KernelObjects objects, PageArray array)
    {
        List<DeviceMemory> found = [];
        if ((objects.Types.FindField("page", "pgmap") ?? objects.Types.FindField("folio", "pgmap")) is not Field pointer)
        {
            return found;
        }

        int? head = objects.Types.FindField("page", "compound_head") is Field field ? (int)field.Offset : null;
        foreach (PageSection section in array.Sections)
        {
            if (section.Online && !section.IsMixed)
            {
                continue;
            }

            for (ulong part = 0; part < PageSection.Frames; part += PageSection.SubsectionFrames)
            {
                // Behind its own struct pages, which it may keep at its beginning, each part has the pointer in its last page as in its first.
                foreach (ulong within in (ReadOnlySpan<ulong>)[0, PageSection.SubsectionFrames - 1])
                {
                    PageFrame frame = new(section.First.Number + part + within);
                    if (section.Has(frame) && !found.Exists(memory => memory.Contains(frame)) && MapOf(array, frame, pointer, head) is VirtualAddress map)
                    {
                        found.AddRange(Ranges(objects, map, frame, range => MapOf(array, range.Last, pointer, head) == map));
                    }
                }
            }
        }

        return found;
    }

    // A tail of a compound page has its head's address in the pointer's place.
    private static VirtualAddress? MapOf(PageArray array, PageFrame frame, Field pointer, int? head)
    {
        if (head is int at && array.TryReadWord(frame, at, out ulong word) && (word & 1) != 0)
        {
            if (array.FrameOf(new(word - 1)) is not PageFrame first)
            {
                return null;
            }

            frame = first;
        }

        return array.TryReadWord(frame, (int)pointer.Offset, out ulong map) && map >> 63 != 0 && map % sizeof(ulong) == 0 ? new(map) : null;
    }

    private static List<DeviceMemory> Ranges(KernelObjects objects, VirtualAddress map, PageFrame frame, Predicate<DeviceMemory> isWitnessed)
    {
        List<DeviceMemory> ranges = [];
        KernelTypes types = objects.Types;

        // A struct resource until 5.9, then one range or several.
        Field? start = types.FindField("dev_pagemap", "range.start", "res.start");
        Field? end = types.FindField("dev_pagemap", "range.end", "res.end");
        if (start is null || end is null)
        {
            return ranges;
        }

        ulong stride = types.FindStruct("range")?.Bytes ?? 0;
        ulong count = stride > 0 && objects.Read(map, types.FindField("dev_pagemap", "nr_range")) is ulong number and > 0 and <= MostRanges ? number : 1;
        DeviceMemoryKind kind = KindOf(types, objects.Read(map, types.FindField("dev_pagemap", "type")));
        for (ulong i = 0; i < count; i++)
        {
            VirtualAddress range = map + (i * stride);
            if (objects.Read(range, start) is ulong first && objects.Read(range, end) is ulong last && first <= last && last >> 52 == 0)
            {
                ranges.Add(new(kind, new PhysicalAddress(first).Frame, new PhysicalAddress(last).Frame));
            }
        }

        return ranges.Exists(memory => memory.Contains(frame)) && ranges.TrueForAll(isWitnessed) ? ranges : [];
    }

    private static DeviceMemoryKind KindOf(KernelTypes types, ulong? number)
    {
        foreach ((string name, DeviceMemoryKind kind) in Names)
        {
            if (number is ulong its && types.FindEnumerator(name) == (long)its)
            {
                return kind;
            }
        }

        return DeviceMemoryKind.Unknown;
    }
}
