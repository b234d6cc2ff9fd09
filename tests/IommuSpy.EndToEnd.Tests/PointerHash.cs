using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// How a guest hashes the addresses that it prints with %p: the low half of SipHash-2-4 of the address, under the key ptr_key (lib/vsprintf.c, ptr_to_hashval;
/// lib/siphash.c, siphash_1u64).
/// </summary>
internal sealed partial class PointerHash
{
    private readonly ulong _key0;
    private readonly ulong _key1;
    private readonly bool _hashes;

    private PointerHash(ulong key0, ulong key1, bool hashes)
    {
        _key0 = key0;
        _key1 = key1;
        _hashes = hashes;
    }

    /// <summary>Takes the key out of the guest's memory. Before 4.15 there is none, and addresses are printed as they are.</summary>
    public static PointerHash Read(Machine machine)
    {
        return machine.Parts.Objects.Required.Variable("ptr_key") is VirtualAddress at
            ? new(machine.Parts.Objects.Required.Word(at)!.Value, machine.Parts.Objects.Required.Word(at + 8)!.Value, hashes: true) : new(0, 0, hashes: false);
    }

    /// <summary>A line with its two leading addresses hashed: "0x...-0x...".</summary>
    public string Line(string line) =>
        !_hashes ? line
            : Addresses()
                .Replace(line,
                    match => string.Create(CultureInfo.InvariantCulture, $"0x{Of(Parse(match.Groups[1].Value)):x16}-0x{Of(Parse(match.Groups[2].Value)):x16}"));

    private static ulong Parse(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private ulong Of(ulong address)
    {
        ulong v0 = 0x736f6d6570736575 ^ _key0;
        ulong v1 = 0x646f72616e646f6d ^ _key1;
        ulong v2 = 0x6c7967656e657261 ^ _key0;
        ulong v3 = 0x7465646279746573 ^ _key1;
        void Round()
        {
            v0 += v1;
            v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
            v0 = BitOperations.RotateLeft(v0, 32);
            v2 += v3;
            v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
            v2 = BitOperations.RotateLeft(v2, 32);
        }

        // The last word holds the length: 8 bytes.
        foreach (ulong word in (ReadOnlySpan<ulong>)[address, 8UL << 56])
        {
            v3 ^= word;
            Round();
            Round();
            v0 ^= word;
        }

        v2 ^= 0xff;
        for (int i = 0; i < 4; i++)
        {
            Round();
        }

        return (uint)(v0 ^ v1 ^ v2 ^ v3);
    }

    [GeneratedRegex("^0x(?<start>[0-9a-f]{16})-0x(?<end>[0-9a-f]{16})", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Addresses();
}
