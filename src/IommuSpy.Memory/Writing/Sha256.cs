using System.Buffers.Binary;

namespace IommuSpy.Memory.Writing;

/// <summary>
/// SHA-256 (FIPS 180-4), fed piece by piece. .NET's own asks OpenSSL's library of the machine that the program runs on, which one static file that is copied to
/// a machine cannot count on.
/// </summary>
public sealed class Sha256
{
    private const int BlockBytes = Sha256Blocks.Bytes;

    private readonly uint[] _state = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    private readonly byte[] _block = new byte[BlockBytes];
    private int _held;
    private ulong _length;

    /// <summary>Adds bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        _length += (ulong)bytes.Length;
        if (_held > 0)
        {
            int taken = Math.Min(BlockBytes - _held, bytes.Length);
            bytes[..taken].CopyTo(_block.AsSpan(_held));
            bytes = bytes[taken..];
            _held += taken;
            if (_held < BlockBytes)
            {
                return;
            }

            Sha256Blocks.Add(_state, _block);
            _held = 0;
        }

        int whole = bytes.Length / BlockBytes * BlockBytes;
        Sha256Blocks.Add(_state, bytes[..whole]);
        bytes = bytes[whole..];
        bytes.CopyTo(_block);
        _held = bytes.Length;
    }

    /// <summary>The hash of everything that was added, in lower-case hexadecimal. Nothing can be added after it.</summary>
    public string Finish()
    {
        ulong bits = _length * 8;
        Append([0x80]);
        while (_held != BlockBytes - sizeof(ulong))
        {
            Append([0]);
        }

        Span<byte> length = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(length, bits);
        Append(length);
        Span<byte> hash = stackalloc byte[_state.Length * sizeof(uint)];
        for (int i = 0; i < _state.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(i * sizeof(uint))..], _state[i]);
        }

        return Convert.ToHexStringLower(hash);
    }
}
