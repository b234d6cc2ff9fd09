using System.Buffers.Binary;

namespace IommuSpy.Linux.Types.Btf;

/// <summary>Where the sections of a BTF blob are (Documentation/bpf/btf.rst, "BTF Type and String Encoding"; include/uapi/linux/btf.h, struct btf_header).</summary>
/// <param name="TypesAt">Bytes from the blob's start to the type section.</param>
/// <param name="TypesLength">Its bytes.</param>
/// <param name="StringsAt">Bytes from the blob's start to the string section.</param>
/// <param name="StringsLength">Its bytes.</param>
internal readonly record struct BtfHeader(int TypesAt, int TypesLength, int StringsAt, int StringsLength)
{
    /// <summary>The first bytes of a little-endian blob: magic 0xeb9f, version 1, no flags.</summary>
    public static ReadOnlySpan<byte> Signature => [0x9f, 0xeb, 1, 0];

    /// <summary>Bytes of a header; later versions may append to it.</summary>
    public const int Bytes = 24;

    // Debian's kernels have 5 to 7 MB; nothing with more than this is a kernel's.
    private const uint MaxSection = 1U << 28;

    /// <summary>Bytes of the whole blob.</summary>
    public int TotalLength => Math.Max(TypesAt + TypesLength, StringsAt + StringsLength);

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
        bool sane = header is >= Bytes and < 4096 && types < MaxSection && typesLength < MaxSection && strings < MaxSection && stringsLength is > 0 and < MaxSection
            && types % 4 == 0 && typesLength % 4 == 0;
        return sane ? new((int)(header + types), (int)typesLength, (int)(header + strings), (int)stringsLength) : null;
    }
}
