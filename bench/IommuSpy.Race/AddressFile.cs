using System.Runtime.InteropServices;

namespace IommuSpy.Race;

/// <summary>Addresses as the peers read and write them: 64-bit words, little-endian, nothing else.</summary>
internal static class AddressFile
{
    public static ulong[] Read(string path) => MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes(path)).ToArray();

    public static void Write(string path, ReadOnlySpan<ulong> addresses) => File.WriteAllBytes(path, MemoryMarshal.AsBytes(addresses));
}
