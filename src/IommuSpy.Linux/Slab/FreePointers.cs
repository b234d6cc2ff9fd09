using System.Buffers.Binary;

namespace IommuSpy.Linux.Slab;

/// <summary>
/// How free objects' pointers to one another are encoded (mm/slub.c, freelist_ptr_decode): not at all, or with a secret and the pointer's own address.
/// </summary>
internal enum FreePointers
{
    /// <summary>Pointers that are stored as they are.</summary>
    Plain,

    /// <summary>XORed with the cache's secret and the pointer's address: 4.14 to 5.6.</summary>
    Hidden,

    /// <summary>XORed with the cache's secret and the pointer's address with its bytes swapped: since 5.7.</summary>
    HiddenSwapped,
}

/// <summary>Decodes a pointer as the cache hides it.</summary>
internal static class FreePointersDecoding
{
    /// <summary>The pointer that was stored at an address.</summary>
    public static ulong Decode(this FreePointers rule, ulong stored, ulong secret, ulong at) => rule switch
    {
        FreePointers.Hidden => stored ^ secret ^ at,
        FreePointers.HiddenSwapped => stored ^ secret ^ BinaryPrimitives.ReverseEndianness(at),
        _ => stored,
    };
}
