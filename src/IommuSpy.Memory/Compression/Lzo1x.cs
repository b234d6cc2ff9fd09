namespace IommuSpy.Memory.Compression;

/// <summary>
/// Decompresses LZO1X (Linux, Documentation/staging/lzo.rst): instructions that copy from what was written before, each followed by up to three
/// literal bytes, or by a longer run of them.
/// </summary>
internal static class Lzo1x
{
    // What the instructions 0-15 mean depends on how many literals came before.
    private const int AfterLiteralRun = 4;
    private const int FarDistance = 16_384;

    /// <summary>Decompresses a block that makes exactly as many bytes as <paramref name="destination"/> has.</summary>
    /// <returns>False where it is none, or makes more or fewer.</returns>
    internal static bool TryDecompress(ReadOnlySpan<byte> block, Span<byte> destination)
    {
        int at = 0;
        int written = 0;
        int state = 0;
        if (block.IsEmpty)
        {
            return false;
        }

        // A first byte above 17 is a run of literals without the instruction's usual length.
        if (block[0] > 17)
        {
            int literals = block[0] - 17;
            at = 1;
            if (!Literals(block, ref at, destination, ref written, literals))
            {
                return false;
            }

            state = Math.Min(literals, AfterLiteralRun);
        }

        while (at < block.Length)
        {
            int instruction = block[at++];
            int length;
            int distance;
            int trailing;
            if (instruction >= 64)
            {
                if (at == block.Length)
                {
                    return false;
                }

                length = (instruction >> 5) + 1;
                distance = (block[at++] << 3) + ((instruction >> 2) & 7) + 1;
                trailing = instruction & 3;
            }
            else if (instruction >= 16)
            {
                int mask = instruction >= 32 ? 31 : 7;
                if (!Length(block, ref at, instruction & mask, mask, out length) || block.Length - at < 2)
                {
                    return false;
                }

                length += 2;
                int operand = block[at] | (block[at + 1] << 8);
                at += 2;
                trailing = operand & 3;
                distance = operand >> 2;
                if (instruction >= 32)
                {
                    distance++;
                }
                else
                {
                    distance += ((instruction & 8) << 11) + FarDistance;
                    if (distance == FarDistance)
                    {
                        // The end: nothing may follow.
                        return at == block.Length && written == destination.Length;
                    }
                }
            }
            else if (state == 0)
            {
                if (!Length(block, ref at, instruction, 15, out length) || !Literals(block, ref at, destination, ref written, length + 3))
                {
                    return false;
                }

                state = AfterLiteralRun;
                continue;
            }
            else
            {
                if (at == block.Length)
                {
                    return false;
                }

                length = state == AfterLiteralRun ? 3 : 2;
                distance = (block[at++] << 2) + (instruction >> 2) + (state == AfterLiteralRun ? 2049 : 1);
                trailing = instruction & 3;
            }

            if (distance > written || length > destination.Length - written)
            {
                return false;
            }

            Copy(destination, written, distance, length);
            written += length;
            if (!Literals(block, ref at, destination, ref written, trailing))
            {
                return false;
            }

            state = trailing;
        }

        return false;
    }

    // 0 says that the length goes on: 255 for each zero byte, and the first that is not.
    private static bool Length(ReadOnlySpan<byte> block, ref int at, int field, int mask, out int length)
    {
        length = field;
        if (field != 0)
        {
            return true;
        }

        int zeros = block[at..].IndexOfAnyExcept((byte)0);
        if (zeros < 0 || zeros > int.MaxValue / 512)
        {
            return false;
        }

        length = mask + (zeros * 255) + block[at + zeros];
        at += zeros + 1;
        return true;
    }

    private static bool Literals(ReadOnlySpan<byte> block, ref int at, Span<byte> destination, ref int written, int count)
    {
        if (count > block.Length - at || count > destination.Length - written)
        {
            return false;
        }

        block.Slice(at, count).CopyTo(destination[written..]);
        at += count;
        written += count;
        return true;
    }

    private static void Copy(Span<byte> destination, int written, int distance, int length)
    {
        if (distance >= length)
        {
            destination.Slice(written - distance, length).CopyTo(destination[written..]);
            return;
        }

        // It overlaps what it writes: it repeats.
        for (int i = 0; i < length; i++)
        {
            destination[written + i] = destination[written - distance + i];
        }
    }
}
