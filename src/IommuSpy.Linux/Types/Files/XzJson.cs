using SharpCompress.Compressors.Xz;

namespace IommuSpy.Linux.Types.Files;

/// <summary>Decompresses .json.xz.</summary>
internal static class XzJson
{
    private static ReadOnlySpan<byte> Signature => [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0];

    public static bool Recognises(ReadOnlySpan<byte> start) => start.StartsWith(Signature);

    public static Stream Open(Stream file) => new XZStream(file);
}
