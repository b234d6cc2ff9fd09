using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Compression;

/// <summary>The CRC-32 of gzip (RFC 1952, 8): polynomial 0x04c11db7, bits reflected.</summary>
internal static class Crc32
{
    private const uint Polynomial = 0xedb8_8320;
    private const int BufferBytes = 1 << 20;
    private static readonly uint[] Table = [.. Enumerable.Range(0, 256).Select(Remainder)];

    /// <summary>That of a file's bytes from an offset to its end.</summary>
    internal static uint Of(SafeFileHandle file, long offset)
    {
        byte[] buffer = new byte[BufferBytes];
        uint crc = uint.MaxValue;
        for (int got; (got = RandomAccess.Read(file, buffer, offset)) > 0; offset += got)
        {
            foreach (byte value in buffer.AsSpan(0, got))
            {
                crc = Table[(byte)crc ^ value] ^ (crc >> 8);
            }
        }

        return ~crc;
    }

    private static uint Remainder(int value)
    {
        uint crc = (uint)value;
        for (int bit = 0; bit < 8; bit++)
        {
            crc = (crc & 1) != 0 ? Polynomial ^ (crc >> 1) : crc >> 1;
        }

        return crc;
    }
}
