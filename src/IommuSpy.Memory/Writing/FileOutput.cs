using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Writing;

/// <summary>A regular file: written anywhere, and pages of zeros become holes.</summary>
internal sealed class FileOutput(SafeFileHandle file) : IImageOutput
{
    private const int HoleBytes = 4096;

    /// <inheritdoc/>
    public ulong BytesWritten { get; private set; }

    /// <inheritdoc/>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        BytesWritten += (ulong)bytes.Length;
        while (!bytes.IsEmpty)
        {
            int zeros = Zeros(bytes);
            offset += (ulong)zeros;
            bytes = bytes[zeros..];
            int data = Data(bytes);
            RandomAccess.Write(file, bytes[..data], (long)offset);
            offset += (ulong)data;
            bytes = bytes[data..];
        }
    }

    /// <inheritdoc/>
    public void Finish(ulong length) => RandomAccess.SetLength(file, (long)length);

    // Whole pieces of zeros at the beginning.
    private static int Zeros(ReadOnlySpan<byte> bytes)
    {
        int first = bytes.IndexOfAnyExcept((byte)0);
        return first < 0 ? bytes.Length : first / HoleBytes * HoleBytes;
    }

    // What comes before the next whole piece of zeros.
    private static int Data(ReadOnlySpan<byte> bytes)
    {
        int at = 0;
        while (at < bytes.Length && bytes.Slice(at, Math.Min(HoleBytes, bytes.Length - at)).ContainsAnyExcept((byte)0))
        {
            at += HoleBytes;
        }

        return Math.Min(at, bytes.Length);
    }
}
