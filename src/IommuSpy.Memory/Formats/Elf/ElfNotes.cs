using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Formats.Elf;

/// <summary>Reads the notes of a PT_NOTE segment: {namesz, descsz, type, name, descriptor}, name and descriptor padded to 4 bytes.</summary>
internal static class ElfNotes
{
    private const int HeaderBytes = 12;
    private const int MaxNotes = 1 << 16;
    private const uint MaxNameBytes = 256;

    /// <summary>The notes up to the first that does not fit: a segment that is cut short keeps what stands before.</summary>
    internal static List<ElfNote> Read(ReadOnlySpan<byte> segment)
    {
        List<ElfNote> notes = [];
        int at = 0;
        while (notes.Count < MaxNotes && segment.Length - at >= HeaderBytes)
        {
            uint nameBytes = BinaryPrimitives.ReadUInt32LittleEndian(segment[at..]);
            uint descriptorBytes = BinaryPrimitives.ReadUInt32LittleEndian(segment[(at + 4)..]);
            uint type = BinaryPrimitives.ReadUInt32LittleEndian(segment[(at + 8)..]);
            long descriptorAt = at + HeaderBytes + Padded(nameBytes);
            long end = descriptorAt + Padded(descriptorBytes);
            if (nameBytes > MaxNameBytes || descriptorAt + descriptorBytes > segment.Length)
            {
                break;
            }

            string name = Encoding.Latin1.GetString(segment.Slice(at + HeaderBytes, (int)nameBytes)).TrimEnd('\0');
            notes.Add(new(name, type, segment.Slice((int)descriptorAt, (int)descriptorBytes).ToArray()));
            at = (int)Math.Min(end, segment.Length);
        }

        return notes;
    }

    private static long Padded(uint bytes) => ((long)bytes + 3) & ~3L;
}
