using System.Buffers.Binary;

namespace IommuSpy.Fuzz;

/// <summary>Spoils inputs: bits flipped, fields set to their extremes, pieces cut, copied and doubled. The same seed spoils the same way.</summary>
internal sealed class Mutator(int seed)
{
    private static readonly ulong[] Extremes =
        [0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x1001, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1UL << 40, 1UL << 52, 1UL << 63,
            ulong.MaxValue - 0xfff, ulong.MaxValue];

    private readonly Random _random = new(seed);

    /// <summary>One spoiled copy.</summary>
    public byte[] Spoil(byte[] good, byte[] other)
    {
        byte[] bytes = [.. good];
        for (int i = 1 << _random.Next(0, 5); i > 0 && bytes.Length > 8; i--)
        {
            bytes = Step(bytes, other);
        }

        return bytes;
    }

    /// <summary>A number below another.</summary>
    public int Next(int below) => _random.Next(below);

    private byte[] Step(byte[] bytes, byte[] other)
    {
        int at = Position(bytes.Length);
        switch (_random.Next(10))
        {
            case 0 or 1:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                return bytes;
            case 2:
                bytes[at] = (byte)_random.Next(256);
                return bytes;
            case 3 or 4 or 5:
                Field(bytes, at, Extremes[_random.Next(Extremes.Length)]);
                return bytes;
            case 6:
                Field(bytes, at, (ulong)_random.NextInt64(bytes.Length * 2L));
                return bytes;
            case 7 when _random.Next(4) == 0:
                return bytes[..Math.Max(8, at)];
            case 8:
                int from = Position(other.Length);
                other.AsSpan(from, Math.Min(_random.Next(1, 64), Math.Min(other.Length - from, bytes.Length - at))).CopyTo(bytes.AsSpan(at));
                return bytes;
            default:
                int source = Position(bytes.Length);
                bytes.AsSpan(source, Math.Min(_random.Next(1, 4096), bytes.Length - Math.Max(source, at))).CopyTo(bytes.AsSpan(at));
                return bytes;
        }
    }

    // Headers are at the beginning.
    private int Position(int length) => _random.Next(3) switch
    {
        0 => _random.Next(Math.Min(length, 512)),
        1 => _random.Next(Math.Min(length, 16_384)),
        _ => _random.Next(length),
    };

    private void Field(byte[] bytes, int at, ulong value)
    {
        Span<byte> field = stackalloc byte[sizeof(ulong)];
        if (_random.Next(4) == 0)
        {
            BinaryPrimitives.WriteUInt64BigEndian(field, value);
        }
        else
        {
            BinaryPrimitives.WriteUInt64LittleEndian(field, value);
        }

        int size = 1 << _random.Next(0, 4);
        field[..Math.Min(size, bytes.Length - at)].CopyTo(bytes.AsSpan(at));
    }
}
