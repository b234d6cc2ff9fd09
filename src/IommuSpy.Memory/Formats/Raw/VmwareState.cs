using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Formats.Raw;

/// <summary>
/// VMware's saved state (.vmss, .vmsn) beside a memory file (.vmem): groups of tags, of which the group "memory" says where each run of the file belongs (the
/// layout is public through other readers of it). Where there are no regions the file is memory from 0 on.
/// </summary>
internal static class VmwareState
{
    private const int HeaderBytes = 12;
    private const int GroupBytes = 80;
    private const int GroupNameBytes = 64;
    private const int MostGroups = 4096;
    private const int MostTags = 1 << 20;
    private const int MostRegions = 1024;

    /// <summary>Whether a file is a saved state.</summary>
    internal static bool Recognises(ImageFile file) =>
        file.Holds(0, HeaderBytes)
            && BinaryPrimitives.ReadUInt32LittleEndian(file.Span(0, sizeof(uint))) is 0xbed2_bed0 or 0xbad1_bad1 or 0xbed2_bed2 or 0xbed3_bed3;

    /// <summary>The regions of a memory file, by the state beside it; null where there is none that fits.</summary>
    internal static IReadOnlyList<RamRegion>? RegionsOf(string path, ulong fileBytes)
    {
        if (!path.EndsWith(".vmem", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        foreach (string extension in (ReadOnlySpan<string>)[".vmss", ".vmsn"])
        {
            string state = Path.ChangeExtension(path, extension);
            if (File.Exists(state))
            {
                using MappedFile file = MappedFile.Open(state);
                return Recognises(file) ? Regions(file, fileBytes) : null;
            }
        }

        return null;
    }

    private static IReadOnlyList<RamRegion>? Regions(ImageFile file, ulong fileBytes)
    {
        ReadOnlySpan<byte> header = file.Span(0, HeaderBytes);

        // Version 0 has sizes of 32 bits.
        int sizeBytes = (header[0] & 0xf) == 0 ? sizeof(uint) : sizeof(ulong);
        uint groups = Math.Min(BinaryPrimitives.ReadUInt32LittleEndian(header[8..]), MostGroups);
        for (uint i = 0; i < groups && file.Holds(HeaderBytes + (i * GroupBytes), GroupBytes); i++)
        {
            ReadOnlySpan<byte> group = file.Span(HeaderBytes + (i * (ulong)GroupBytes), GroupBytes);
            if (Encoding.Latin1.GetString(group[..GroupNameBytes]).TrimEnd('\0') == "memory")
            {
                return Regions(Tags(file, BinaryPrimitives.ReadUInt64LittleEndian(group[GroupNameBytes..]), sizeBytes), fileBytes);
            }
        }

        return null;
    }

    private static IReadOnlyList<RamRegion>? Regions(Dictionary<(string Name, uint Index), ulong> tags, ulong fileBytes)
    {
        ulong count = tags.GetValueOrDefault(("regionsCount", uint.MaxValue));
        if (count == 0)
        {
            return [new(0, 0, fileBytes)];
        }

        List<RamRegion> regions = [];
        for (uint i = 0; i < Math.Min(count, MostRegions); i++)
        {
            if (!tags.TryGetValue(("regionPPN", i), out ulong page) || !tags.TryGetValue(("regionPageNum", i), out ulong place)
                || !tags.TryGetValue(("regionSize", i), out ulong pages)
                || Math.Max(page, Math.Max(place, pages)) >= 1UL << 40)
            {
                return null;
            }

            regions.Add(new(page << PageFrame.Shift, place << PageFrame.Shift, pages << PageFrame.Shift));
        }

        return RamRegion.Checked(regions, fileBytes);
    }

    // {flags and size, length of the name, name, indices of 32 bits, value}; a size of 62 or 63 says that a longer value follows behind its own sizes.
    private static Dictionary<(string Name, uint Index), ulong> Tags(ImageFile file, ulong at, int sizeBytes)
    {
        Dictionary<(string Name, uint Index), ulong> tags = [];
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        for (int i = 0; i < MostTags && file.Holds(at, 2); i++)
        {
            byte flags = file.Span(at, 2)[0];
            byte nameBytes = file.Span(at, 2)[1];
            int indices = flags >> 6;
            if (nameBytes == 0 || !file.Holds(at + 2, nameBytes + ((ulong)indices * sizeof(uint))))
            {
                break;
            }

            string name = Encoding.Latin1.GetString(file.Span(at + 2, nameBytes));
            at += 2 + (ulong)nameBytes;
            uint index = indices == 0 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(file.Span(at, sizeof(uint)));
            at += (ulong)indices * sizeof(uint);
            int size = flags & 0x3f;
            if (size >= 62)
            {
                if (!file.Holds(at, (ulong)(2 * sizeBytes) + 2))
                {
                    break;
                }

                ReadOnlySpan<byte> sizes = file.Span(at, sizeBytes);
                ulong length = sizeBytes == sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(sizes) : BinaryPrimitives.ReadUInt64LittleEndian(sizes);
                at += (ulong)(2 * sizeBytes) + 2;
                if (!file.Holds(at, length))
                {
                    break;
                }

                at += length;
                continue;
            }

            if (!file.Holds(at, (ulong)size))
            {
                break;
            }

            if (size is > 0 and <= sizeof(ulong))
            {
                value.Clear();
                file.Read(at, value[..size]);
                tags.TryAdd((name, index), BinaryPrimitives.ReadUInt64LittleEndian(value));
            }

            at += (ulong)size;
        }

        return tags;
    }
}
