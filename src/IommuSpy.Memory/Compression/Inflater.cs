using System.Runtime.CompilerServices;

namespace IommuSpy.Memory.Compression;

/// <summary>
/// Decompresses a zlib stream whose length is known, at once (RFC 1950 and 1951). One is used over and over by one thread: a dump has millions of
/// streams of a page each, and what ZLibStream sets up for each would take longer than the page.
/// </summary>
internal sealed unsafe class Inflater
{
    private const int MostLiteralCodes = 288;
    private const int MostDistanceCodes = 32;
    private const int LengthCodes = 19;
    private const int EndOfBlock = 256;
    private const int ChecksumBytes = 4;

    // The order in which the lengths of the code length alphabet are sent (RFC 1951, 3.2.7).
    private static ReadOnlySpan<byte> LengthOrder => [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private static readonly uint[] LiteralSymbols = LiteralMeanings();
    private static readonly uint[] DistanceSymbols = DistanceMeanings();
    private static readonly uint[] LengthSymbols = [.. Enumerable.Range(0, LengthCodes).Select(symbol => HuffmanTable.Literal((uint)symbol))];

    private readonly HuffmanTable _literals = new(primaryBits: 10);
    private readonly HuffmanTable _distances = new(primaryBits: 8);
    private readonly HuffmanTable _codeLengths = new(primaryBits: 7);
    private readonly byte[] _lengths = new byte[MostLiteralCodes + MostDistanceCodes];

    /// <summary>Decompresses a stream that makes exactly as many bytes as <paramref name="destination"/> has.</summary>
    /// <returns>False where it is none, makes more or fewer, or its checksum differs.</returns>
    internal bool TryDecompress(ReadOnlySpan<byte> zlib, Span<byte> destination)
    {
        // Deflate with a window of at most 32 KiB, no preset dictionary, and a check of the two bytes.
        if (zlib.Length < 2 + ChecksumBytes || (zlib[0] & 0xf) != 8 || (zlib[0] >> 4) > 7 || (zlib[1] & 0x20) != 0 || ((zlib[0] << 8) | zlib[1]) % 31 != 0)
        {
            return false;
        }

        fixed (byte* input = zlib)
        fixed (byte* output = destination)
        {
            Bits bits = new() { Next = input + 2, End = input + zlib.Length };
            byte* at = output;
            bool last;
            do
            {
                bits.Refill();
                last = bits.Take(1) != 0;
                bool good = bits.Take(2) switch
                {
                    0 => Stored(ref bits, ref at, output + destination.Length),
                    1 => ReadFixed() && Compressed(ref bits, ref at, output, output + destination.Length),
                    2 => ReadDynamic(ref bits) && Compressed(ref bits, ref at, output, output + destination.Length),
                    _ => false,
                };
                if (!good)
                {
                    return false;
                }
            }
            while (!last);

            bits.Align();
            uint checksum = 0;
            for (int i = 0; i < ChecksumBytes; i++)
            {
                bits.Refill();
                checksum = (checksum << 8) | bits.Take(8);
            }

            return !bits.Overran && at == output + destination.Length && checksum == Adler32.Of(destination);
        }
    }

    private static bool Stored(ref Bits bits, ref byte* at, byte* end)
    {
        bits.Align();
        bits.Refill();
        uint length = bits.Take(16);
        uint complement = bits.Take(16);
        bits.Unread();
        if (bits.Overran || length != (~complement & 0xffff) || length > bits.End - bits.Next || length > end - at)
        {
            return false;
        }

        Unsafe.CopyBlockUnaligned(at, bits.Next, length);
        bits.Next += length;
        at += length;
        return true;
    }

    private bool ReadFixed()
    {
        Span<byte> lengths = _lengths;
        lengths[..144].Fill(8);
        lengths[144..256].Fill(9);
        lengths[256..280].Fill(7);
        lengths[280..288].Fill(8);
        lengths[288..].Fill(5);
        return _literals.Build(lengths[..MostLiteralCodes], LiteralSymbols) && _distances.Build(lengths[MostLiteralCodes..], DistanceSymbols);
    }

    private bool ReadDynamic(ref Bits bits)
    {
        bits.Refill();
        int literals = (int)bits.Take(5) + 257;
        int distances = (int)bits.Take(5) + 1;
        int codes = (int)bits.Take(4) + 4;
        if (literals > 286)
        {
            return false;
        }

        Span<byte> lengths = _lengths.AsSpan(0, LengthCodes);
        lengths.Clear();
        for (int i = 0; i < codes; i++)
        {
            bits.Refill();
            lengths[LengthOrder[i]] = (byte)bits.Take(3);
        }

        if (!_codeLengths.Build(lengths, LengthSymbols))
        {
            return false;
        }

        lengths = _lengths.AsSpan(0, literals + distances);
        for (int i = 0; i < lengths.Length;)
        {
            bits.Refill();
            uint entry = _codeLengths.Next(ref bits);
            if (!HuffmanTable.IsLiteral(entry) || bits.Overran)
            {
                return false;
            }

            int symbol = (int)HuffmanTable.Value(entry);
            if (symbol < 16)
            {
                lengths[i++] = (byte)symbol;
                continue;
            }

            // 16 repeats the length before, 17 and 18 are runs of zero.
            int run = symbol switch { 16 => 3 + (int)bits.Take(2), 17 => 3 + (int)bits.Take(3), _ => 11 + (int)bits.Take(7) };
            if (run > lengths.Length - i || (symbol == 16 && i == 0))
            {
                return false;
            }

            lengths.Slice(i, run).Fill(symbol == 16 ? lengths[i - 1] : (byte)0);
            i += run;
        }

        return lengths[EndOfBlock] != 0 && _literals.Build(lengths[..literals], LiteralSymbols) && _distances.Build(lengths[literals..], DistanceSymbols);
    }

    private bool Compressed(ref Bits bits, ref byte* position, byte* start, byte* end)
    {
        byte* at = position;
        Bits local = bits;
        while (true)
        {
            // 56 bits: a length with its extra bits takes 20 at most, a distance 28.
            local.Refill();
            uint entry = _literals.Next(ref local);
            if (HuffmanTable.IsLiteral(entry))
            {
                if (at == end)
                {
                    return false;
                }

                *at++ = (byte)HuffmanTable.Value(entry);

                // What is left of the 56 bits is enough for a second literal and for what follows it to start over.
                entry = _literals.Next(ref local);
                if (HuffmanTable.IsLiteral(entry))
                {
                    if (at == end)
                    {
                        return false;
                    }

                    *at++ = (byte)HuffmanTable.Value(entry);
                    continue;
                }

                local.Refill();
            }

            if (!HuffmanTable.IsMatch(entry))
            {
                bits = local;
                position = at;
                return HuffmanTable.IsEnd(entry) && !local.Overran;
            }

            uint length = HuffmanTable.Value(entry) + local.Take(HuffmanTable.ExtraBits(entry));
            entry = _distances.Next(ref local);
            if (!HuffmanTable.IsMatch(entry))
            {
                return false;
            }

            uint distance = HuffmanTable.Value(entry) + local.Take(HuffmanTable.ExtraBits(entry));
            if (distance > at - start || length > end - at || local.Overran)
            {
                return false;
            }

            Copy(at, distance, length, end);
            at += length;
        }
    }

    private static void Copy(byte* at, uint distance, uint length, byte* end)
    {
        byte* from = at - distance;
        byte* stop = at + length;
        if (distance >= sizeof(ulong) && end - stop >= sizeof(ulong))
        {
            do
            {
                Unsafe.WriteUnaligned(at, Unsafe.ReadUnaligned<ulong>(from));
                at += sizeof(ulong);
                from += sizeof(ulong);
            }
            while (at < stop);
        }
        else if (distance == 1)
        {
            Unsafe.InitBlockUnaligned(at, *from, length);
        }
        else
        {
            while (at < stop)
            {
                *at++ = *from++;
            }
        }
    }

    // RFC 1951, 3.2.5: lengths 3-257 in groups whose extra bits grow every four codes; 285 is 258 alone.
    private static uint[] LiteralMeanings()
    {
        uint[] symbols = new uint[MostLiteralCodes];
        for (uint i = 0; i < EndOfBlock; i++)
        {
            symbols[i] = HuffmanTable.Literal(i);
        }

        symbols[EndOfBlock] = HuffmanTable.End;
        uint length = 3;
        for (int code = 257; code < 285; code++)
        {
            int extra = code < 265 ? 0 : (code - 261) / 4;
            symbols[code] = HuffmanTable.Match(length, extra);
            length += 1u << extra;
        }

        symbols[285] = HuffmanTable.Match(258, 0);
        return symbols;
    }

    private static uint[] DistanceMeanings()
    {
        uint[] symbols = new uint[MostDistanceCodes];
        uint distance = 1;
        for (int code = 0; code < 30; code++)
        {
            int extra = code < 4 ? 0 : (code - 2) / 2;
            symbols[code] = HuffmanTable.Match(distance, extra);
            distance += 1u << extra;
        }

        return symbols;
    }

    /// <summary>The input, from the lowest bit of each byte up. Past its end it holds zeros, and says so.</summary>
    internal ref struct Bits
    {
        public byte* Next;
        public byte* End;
        private ulong _held;
        private int _count;
        private int _invented;

        /// <summary>Whether bits were taken that the input does not have.</summary>
        public readonly bool Overran => _invented > _count >> 3;

        /// <summary>The bits at hand, lowest first.</summary>
        public readonly ulong Peek => _held;

        /// <summary>Makes at least 56 bits available.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Refill()
        {
            if (End - Next >= sizeof(ulong))
            {
                _held |= Unsafe.ReadUnaligned<ulong>(Next) << _count;
                Next += (63 - _count) >> 3;
                _count |= 56;
            }
            else
            {
                RefillSlowly();
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public void Skip(int count)
        {
            _held >>= count;
            _count -= count;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public uint Take(int count)
        {
            uint taken = (uint)_held & ((1u << count) - 1);
            Skip(count);
            return taken;
        }

        /// <summary>Goes on at the next whole byte.</summary>
        public void Align() => Skip(_count & 7);

        /// <summary>Gives whole bytes that were read ahead back to the input; only after <see cref="Align"/>.</summary>
        public void Unread()
        {
            Next -= Math.Max((_count >> 3) - _invented, 0);
            if (_invented <= _count >> 3)
            {
                _invented = 0;
                _count = 0;
                _held = 0;
            }
        }

        private void RefillSlowly()
        {
            // Bits above the count may be left over from the wide read: they are those of the bytes that come next, and are read again.
            _held &= _count == 0 ? 0 : ulong.MaxValue >> (64 - _count);
            while (_count < 56)
            {
                if (Next < End)
                {
                    _held |= (ulong)*Next++ << _count;
                }
                else
                {
                    _invented++;
                }

                _count += 8;
            }
        }
    }
}
