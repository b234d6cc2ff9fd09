namespace IommuSpy.Memory.Placement;

/// <summary>Finds device trees in blocks that nothing places yet.</summary>
internal static class DeviceTreeSearch
{
    private const int PieceBytes = 1 << 20;
    private const ulong Alignment = 8;

    // Copies of it, and what overlays left over.
    private const int Most = 64;

    // Headers that look right, of which each is read whole.
    private const int MostTried = 1024;

    /// <summary>The memory that each one describes, as they are found.</summary>
    internal static IEnumerable<IReadOnlyList<PhysicalRange>> In(IEnumerable<MemoryBlock> blocks)
    {
        byte[] piece = new byte[PieceBytes];
        byte[] header = new byte[DeviceTree.HeaderBytes];
        int found = 0;
        int tried = 0;
        foreach (MemoryBlock block in blocks)
        {
            foreach (FileExtent extent in block.Data)
            {
                ulong end = Math.Min(extent.End, block.Length);
                for (ulong at = extent.Offset; at < end && found < Most && tried < MostTried; at += PieceBytes)
                {
                    int length = block.Read(at, piece.AsSpan(0, (int)Math.Min(PieceBytes, end - at)));
                    foreach (ulong place in Signatures(piece, length, at))
                    {
                        if (block.Read(place, header) != header.Length || DeviceTree.Length(header) is not int bytes)
                        {
                            continue;
                        }

                        if (++tried > MostTried)
                        {
                            break;
                        }

                        byte[] tree = new byte[bytes];
                        if (block.Read(place, tree) == bytes && DeviceTree.Memory(tree) is { } memory)
                        {
                            found++;
                            yield return memory;
                        }
                    }
                }
            }
        }
    }

    private static List<ulong> Signatures(byte[] piece, int length, ulong from)
    {
        List<ulong> found = [];
        ReadOnlySpan<byte> bytes = piece.AsSpan(0, length);
        for (int at = bytes.IndexOf(DeviceTree.Signature), next; at >= 0; at = next < 0 ? -1 : at + 1 + next)
        {
            if ((from + (ulong)at) % Alignment == 0)
            {
                found.Add(from + (ulong)at);
            }

            next = bytes[(at + 1)..].IndexOf(DeviceTree.Signature);
        }

        return found;
    }
}
