using System.Buffers.Binary;
using System.Text;

namespace IommuSpy.Memory.Formats.Savevm;

/// <summary>Reads a big-endian stream from one place on. Past the end it reads zeros and says so.</summary>
internal sealed class StreamCursor(ImageFile file, ulong at)
{
    private readonly byte[] _field = new byte[256];

    /// <summary>The position in the stream, in bytes.</summary>
    internal ulong At { get; private set; } = at;

    /// <summary>Whether more was read than there is.</summary>
    internal bool IsPast { get; private set; }

    internal byte Byte() => Take(1)[0];

    internal ushort Word16() => BinaryPrimitives.ReadUInt16BigEndian(Take(sizeof(ushort)));

    internal uint Word32() => BinaryPrimitives.ReadUInt32BigEndian(Take(sizeof(uint)));

    internal ulong Word64() => BinaryPrimitives.ReadUInt64BigEndian(Take(sizeof(ulong)));

    /// <summary>A string behind its length in a byte.</summary>
    internal string Name() => Text(Byte());

    /// <summary>A string of at most 255 bytes.</summary>
    internal string Text(int length) => Encoding.Latin1.GetString(Take(Math.Min(length, byte.MaxValue)));

    internal void Skip(ulong bytes)
    {
        IsPast |= !file.Holds(At, bytes);
        At = IsPast ? file.Length : At + bytes;
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        Span<byte> copy = _field.AsSpan(0, length);
        if (!file.TryGet(At, copy, out ReadOnlySpan<byte> bytes))
        {
            copy.Clear();
            bytes = copy;
        }

        Skip((ulong)length);
        return bytes;
    }
}
