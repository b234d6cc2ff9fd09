using System.Buffers.Binary;

namespace IommuSpy.Linux.Types.Btf;

/// <summary>
/// Where the sections of a BTF blob are (Documentation/bpf/btf.rst, "BTF Type and String Encoding"; include/uapi/linux/btf.h, struct btf_header).
/// </summary>
/// <param name="TypesAt">Bytes from the blob's start to the type section.</param>
/// <param name="TypesLength">Its bytes.</param>
/// <param name="StringsAt">Bytes from the blob's start to the string section.</param>
/// <param name="StringsLength">Its bytes; a split blob may have none of its own.</param>
/// <param name="LayoutsAt">Bytes from the blob's start to the sizes of each kind's types (struct btf_layout, since 7.x), for readers that do not know a
/// kind.</param>
/// <param name="LayoutsLength">Its bytes; 0 for none.</param>
internal readonly record struct BtfHeader(int TypesAt, int TypesLength, int StringsAt, int StringsLength, int LayoutsAt, int LayoutsLength)
{
    /// <summary>The first bytes of a little-endian blob: magic 0xeb9f, version 1, no flags.</summary>
    public static ReadOnlySpan<byte> Signature => [0x9f, 0xeb, 1, 0];

    /// <summary>Bytes of a header; later versions may append to it.</summary>
    public const int Bytes = 24;

    // Debian's kernels have 5 to 7 MB; nothing with more than this is a kernel's.
    private const uint MaxSection = 1U << 28;

    /// <summary>Bytes of the header as far as it is read.</summary>
    public const int MostBytes = 32;

    private const int BytesWithLayouts = MostBytes;
    private const int LayoutBytes = 4;

    /// <summary>Bytes of the whole blob.</summary>
    public int TotalLength => Math.Max(Math.Max(TypesAt + TypesLength, StringsAt + StringsLength), LayoutsLength == 0 ? 0 : LayoutsAt + LayoutsLength);

    /// <summary>
    /// Bytes behind the common part of a type of a kind, and for each of its elements, by the blob's own table; null where it has none for the kind.
    /// </summary>
    public (int Fixed, int Element)? LayoutOf(ReadOnlySpan<byte> blob, int kind) =>
        LayoutsLength >= (kind + 1) * LayoutBytes ? (blob[LayoutsAt + (kind * LayoutBytes)], blob[LayoutsAt + (kind * LayoutBytes) + 1]) : null;

    /// <summary>Reads a header; null where the bytes are none. The sections may still end behind the bytes at hand.</summary>
    public static BtfHeader? Read(ReadOnlySpan<byte> blob)
    {
        if (blob.Length < Bytes || !blob.StartsWith(Signature))
        {
            return null;
        }

        uint header = BinaryPrimitives.ReadUInt32LittleEndian(blob[4..]);
        uint types = BinaryPrimitives.ReadUInt32LittleEndian(blob[8..]);
        uint typesLength = BinaryPrimitives.ReadUInt32LittleEndian(blob[12..]);
        uint strings = BinaryPrimitives.ReadUInt32LittleEndian(blob[16..]);
        uint stringsLength = BinaryPrimitives.ReadUInt32LittleEndian(blob[20..]);
        bool sane = header is >= Bytes and < 4096 && types < MaxSection && typesLength < MaxSection && strings < MaxSection && stringsLength < MaxSection
            && types % 4 == 0 && typesLength % 4 == 0;
        if (!sane)
        {
            return null;
        }

        (uint layouts, uint layoutsLength) = header >= BytesWithLayouts && blob.Length >= BytesWithLayouts
            ? (BinaryPrimitives.ReadUInt32LittleEndian(blob[24..]), BinaryPrimitives.ReadUInt32LittleEndian(blob[28..]))
            : (0, 0);
        bool hasLayouts = layouts < MaxSection && layoutsLength is > 0 and < 4096;
        return new((int)(header + types), (int)typesLength, (int)(header + strings), (int)stringsLength, hasLayouts ? (int)(header + layouts) : 0,
            hasLayouts ? (int)layoutsLength : 0);
    }
}
