using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace IommuSpy.Memory.Writing;

/// <summary>
/// What SHA-256 makes of whole blocks (FIPS 180-4, 6.2.2): by the processor's own instructions, which Native/sha256.c names, where the program was linked with
/// that and the processor has them (Intel's servers since Ice Lake, AMD's since Zen); otherwise the words of four blocks are expanded side by side.
/// </summary>
internal static unsafe partial class Sha256Blocks
{
    /// <summary>Bytes of a block.</summary>
    internal const int Bytes = 64;

    private const int Words = Bytes / sizeof(uint);
    private const int Rounds = 64;
    private const int RoundsAtOnce = 8;

    private static readonly bool HasInstructions = X86Base.IsSupported && Sse41.IsSupported && (X86Base.CpuId(7, 0).Ebx & (1 << 29)) != 0 && IsLinked();

    /// <summary>A word for each round.</summary>
    internal static ReadOnlySpan<uint> Constants =>
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
        0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
        0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    /// <summary>Adds blocks to what was hashed before.</summary>
    /// <param name="state">The eight words a to h.</param>
    /// <param name="blocks">Whole blocks.</param>
    internal static void Add(Span<uint> state, ReadOnlySpan<byte> blocks)
    {
        if (HasInstructions)
        {
            fixed (uint* words = state, constants = Constants)
            fixed (byte* bytes = blocks)
            {
                AddByInstructions(words, constants, bytes, (nuint)(blocks.Length / Bytes));
            }
        }
        else
        {
            AddPortably(state, blocks);
        }
    }

    /// <summary>The same on any processor.</summary>
    [SkipLocalsInit]
    internal static void AddPortably(Span<uint> state, ReadOnlySpan<byte> blocks)
    {
        Span<Vector128<uint>> schedule = stackalloc Vector128<uint>[Rounds];
        while (!blocks.IsEmpty)
        {
            int count = Math.Min(blocks.Length / Bytes, Vector128<uint>.Count);
            Expand(blocks, count, schedule);
            Span<uint> words = MemoryMarshal.Cast<Vector128<uint>, uint>(schedule);
            for (int block = 0; block < count; block++)
            {
                Compress(state, words[block..]);
            }

            blocks = blocks[(count * Bytes)..];
        }
    }

    // Word t of each block, with the constant of round t added, side by side.
    private static void Expand(ReadOnlySpan<byte> blocks, int count, Span<Vector128<uint>> schedule)
    {
        int second = Math.Min(1, count - 1) * Bytes;
        int third = Math.Min(2, count - 1) * Bytes;
        int fourth = Math.Min(3, count - 1) * Bytes;
        for (int t = 0; t < Words; t++)
        {
            ReadOnlySpan<byte> word = blocks[(t * sizeof(uint))..];
            schedule[t] = Vector128.Create(
                BinaryPrimitives.ReadUInt32BigEndian(word), BinaryPrimitives.ReadUInt32BigEndian(word[second..]),
                BinaryPrimitives.ReadUInt32BigEndian(word[third..]), BinaryPrimitives.ReadUInt32BigEndian(word[fourth..]));
        }

        for (int t = Words; t < Rounds; t++)
        {
            Vector128<uint> early = schedule[t - 15];
            Vector128<uint> late = schedule[t - 2];
            schedule[t] = schedule[t - 16] + (Rotated(early, 7) ^ Rotated(early, 18) ^ (early >>> 3)) + schedule[t - 7]
                + (Rotated(late, 17) ^ Rotated(late, 19) ^ (late >>> 10));
        }

        for (int t = 0; t < Rounds; t++)
        {
            schedule[t] += Vector128.Create(Constants[t]);
        }
    }

    private static Vector128<uint> Rotated(Vector128<uint> words, int bits) => (words >>> bits) | (words << (32 - bits));

    // The words of one block: every fourth.
    private static void Compress(Span<uint> state, ReadOnlySpan<uint> words)
    {
        uint a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        ref uint word = ref MemoryMarshal.GetReference(words);
        for (int t = 0; t < Rounds; t += RoundsAtOnce)
        {
            Round(a, b, c, ref d, e, f, g, ref h, word);
            Round(h, a, b, ref c, d, e, f, ref g, Unsafe.Add(ref word, 4));
            Round(g, h, a, ref b, c, d, e, ref f, Unsafe.Add(ref word, 8));
            Round(f, g, h, ref a, b, c, d, ref e, Unsafe.Add(ref word, 12));
            Round(e, f, g, ref h, a, b, c, ref d, Unsafe.Add(ref word, 16));
            Round(d, e, f, ref g, h, a, b, ref c, Unsafe.Add(ref word, 20));
            Round(c, d, e, ref f, g, h, a, ref b, Unsafe.Add(ref word, 24));
            Round(b, c, d, ref e, f, g, h, ref a, Unsafe.Add(ref word, 28));
            word = ref Unsafe.Add(ref word, 32);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    // Instead of moving each word on by one place, the next round is given them by their new names.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(uint a, uint b, uint c, ref uint d, uint e, uint f, uint g, ref uint h, uint word)
    {
        uint first = h + (BitOperations.RotateRight(e, 6) ^ BitOperations.RotateRight(e, 11) ^ BitOperations.RotateRight(e, 25)) + (g ^ (e & (f ^ g))) + word;
        d += first;
        h = first + (BitOperations.RotateRight(a, 2) ^ BitOperations.RotateRight(a, 13) ^ BitOperations.RotateRight(a, 22)) + ((a & b) | (c & (a | b)));
    }

    private static bool IsLinked()
    {
        try
        {
            uint* state = stackalloc uint[Bytes / sizeof(ulong)];
            AddByInstructions(state, state, (byte*)state, 0);
            return true;
        }
        catch (Exception e) when (e is DllNotFoundException or EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("iommu-spy-native", EntryPoint = "iommu_spy_sha256")]
    private static partial void AddByInstructions(uint* state, uint* constants, byte* bytes, nuint blocks);
}
