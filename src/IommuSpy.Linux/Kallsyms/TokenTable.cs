using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.Intrinsics;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// The 256 strings that name bytes stand for: kallsyms_token_table, NUL-terminated strings, and kallsyms_token_index, where each starts in it
/// (scripts/kallsyms.c, write_src).
/// </summary>
internal sealed class TokenTable
{
    public const int Count = 256;
    public const int IndexSize = Count * sizeof(ushort);

    /// <summary>
    /// Bytes of the longest token that is believed, with its NUL. The whole table of a real kernel is about 900 bytes, the longest token under 40.
    /// </summary>
    public const int LongestToken = 256;

    /// <summary>Zero bytes between the strings and the index: alignment asks for at most 7.</summary>
    private const int MostPadding = 64;

    /// <summary>Bytes of a slot: nearly every token of a real kernel fits in one vector.</summary>
    private const int SlotSize = 16;

    private readonly byte[] _text;
    private readonly ushort[] _starts;

    /// <summary>Each token's first 16 bytes, and its length, for copying without a loop.</summary>
    private readonly byte[] _slots = new byte[Count * SlotSize];
    private readonly ushort[] _lengths = new ushort[Count];

    private TokenTable(byte[] text, ushort[] starts, int offset, int indexOffset)
    {
        _text = text;
        _starts = starts;
        for (int code = 0; code < Count; code++)
        {
            ReadOnlySpan<byte> token = this[(byte)code];
            token[..Math.Min(token.Length, SlotSize)].CopyTo(_slots.AsSpan(code * SlotSize));
            _lengths[code] = (ushort)token.Length;
        }

        Offset = offset;
        IndexOffset = indexOffset;
    }

    /// <summary>Byte offset of the strings in the image.</summary>
    public int Offset { get; }

    /// <summary>Byte offset of the index in the image.</summary>
    public int IndexOffset { get; }

    /// <summary>The bytes that <paramref name="code"/> stands for; at least one.</summary>
    public ReadOnlySpan<byte> this[byte code]
    {
        get
        {
            int start = _starts[code];
            int end = code == Count - 1 ? _text.Length : _starts[code + 1];
            return _text.AsSpan(start, end - start - 1);
        }
    }

    /// <summary>
    /// Writes what <paramref name="codes"/> stand for and returns its length. <paramref name="buffer"/> must have room for 16 bytes more than that,
    /// which are overwritten with anything.
    /// </summary>
    public int Expand(ReadOnlySpan<byte> codes, Span<byte> buffer)
    {
        int written = 0;
        foreach (byte code in codes)
        {
            int length = _lengths[code];
            if (length <= SlotSize)
            {
                Vector128.Create<byte>(_slots.AsSpan(code * SlotSize, SlotSize)).CopyTo(buffer[written..]);
            }
            else
            {
                this[code].CopyTo(buffer[written..]);
            }

            written += length;
        }

        return written;
    }

    /// <summary>Whether both hold the same strings.</summary>
    public bool SameAs(TokenTable other) => _text.AsSpan().SequenceEqual(other._text);

    /// <summary>
    /// Reads the index at <paramref name="indexOffset"/> and the strings before it. True only if every one of the 256 starts follows a NUL and no string
    /// holds one, which no data but a token table does by chance.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> image, int indexOffset, [NotNullWhen(true)] out TokenTable? table)
    {
        table = null;
        if (indexOffset < 0 || image.Length - indexOffset < IndexSize)
        {
            return false;
        }

        Span<ushort> starts = stackalloc ushort[Count];
        for (int i = 0; i < Count; i++)
        {
            starts[i] = BinaryPrimitives.ReadUInt16LittleEndian(image[(indexOffset + (i * sizeof(ushort)))..]);
            if (i == 0 ? starts[0] != 0 : starts[i] - starts[i - 1] is < 2 or > LongestToken)
            {
                return false;
            }
        }

        // From the index backwards: padding, the last string's NUL, the last string, the NUL before it.
        int lastEnd = image[..indexOffset].LastIndexOfAnyExcept((byte)0) + 1;
        if (lastEnd == 0 || lastEnd == indexOffset || indexOffset - lastEnd > MostPadding)
        {
            return false;
        }

        int window = Math.Max(0, lastEnd - LongestToken);
        int lastStart = image[window..lastEnd].LastIndexOf((byte)0) + window + 1;
        int offset = lastStart - starts[Count - 1];
        if (lastStart == window || offset < 0)
        {
            return false;
        }

        ReadOnlySpan<byte> text = image[offset..(lastEnd + 1)];
        for (int i = 1; i < Count; i++)
        {
            if (text[starts[i] - 1] != 0)
            {
                return false;
            }
        }

        if (text.Count((byte)0) != Count)
        {
            return false;
        }

        table = new TokenTable(text.ToArray(), starts.ToArray(), offset, indexOffset);
        return true;
    }
}
