using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// Finds token tables by their index: 256 strictly ascending 16-bit words, the first 0. Searching for the strings "0" to "9" in a row, as other readers do,
/// fails where the compressor has merged digits into longer tokens; an index is always there.
/// </summary>
internal static class TokenTableFinder
{
    /// <summary>One probe: 17 words, as two overlapping vectors.</summary>
    private const int ProbeSize = 34;

    /// <summary>Every index holds a whole probe at some multiple of this: 512 - 34, rounded down to a cache line.</summary>
    private const int Stride = 448;

    /// <summary>A kernel image has one. The limit only bounds what a hostile image costs.</summary>
    private const int MostTables = 8;

    /// <summary>Every token table of the image in ascending order, at most 8. Indexes are looked for at even offsets.</summary>
    public static List<TokenTable> FindAll(ReadOnlySpan<byte> image)
    {
        var found = new List<TokenTable>();
        for (int probe = 0; probe <= image.Length - ProbeSize && found.Count < MostTables; probe += Stride)
        {
            if (IsAscending(image.Slice(probe, ProbeSize))
                && TokenTable.TryRead(image, FirstOfRun(image, probe), out TokenTable? table)
                && (found.Count == 0 || found[^1].IndexOffset != table.IndexOffset))
            {
                found.Add(table);
            }
        }

        return found;
    }

    /// <summary>
    /// Whether each word is above the one before by no more than a token takes: the bound turns away other ascending data, such as bytes that count up.
    /// </summary>
    private static bool IsAscending(ReadOnlySpan<byte> words)
    {
        ref ushort first = ref MemoryMarshal.GetReference(MemoryMarshal.Cast<byte, ushort>(words));
        Vector256<ushort> steps = Vector256.LoadUnsafe(ref first, 1) - Vector256.LoadUnsafe(ref first);

        // Unsigned, so that a step of 0 or downwards is a large one.
        return Vector256.LessThanAll(steps - Vector256<ushort>.One, Vector256.Create((ushort)TokenTable.LongestToken));
    }

    /// <summary>Where the ascending run through <paramref name="offset"/> starts, looking no further back than an index is long.</summary>
    private static int FirstOfRun(ReadOnlySpan<byte> image, int offset)
    {
        int floor = Math.Max(sizeof(ushort), offset - TokenTable.IndexSize);
        while (offset >= floor
            && BinaryPrimitives.ReadUInt16LittleEndian(image[(offset - sizeof(ushort))..]) < BinaryPrimitives.ReadUInt16LittleEndian(image[offset..]))
        {
            offset -= sizeof(ushort);
        }

        return offset;
    }
}
