namespace IommuSpy.Memory.Placement;

/// <summary>Finds firmware's memory map in blocks that nothing places yet, by the setup header's signature in boot_params.</summary>
internal static class FirmwareMapSearch
{
    private const int PieceBytes = 1 << 20;

    private static ReadOnlySpan<byte> Signature => "HdrS"u8;

    /// <summary>The maps, as they are found; most machines have the same one several times.</summary>
    internal static IEnumerable<FirmwareMap> In(IEnumerable<MemoryBlock> blocks)
    {
        byte[] piece = new byte[PieceBytes];
        foreach (MemoryBlock block in blocks)
        {
            foreach (FileExtent extent in block.Data)
            {
                ulong end = Math.Min(extent.End, block.Length);
                for (ulong at = extent.Offset; at < end; at += PieceBytes)
                {
                    // A signature over the edge of two pieces is found with the first's last bytes.
                    ulong from = at == extent.Offset ? at : at - (ulong)Signature.Length + 1;
                    int length = block.Read(from, piece.AsSpan(0, (int)Math.Min(PieceBytes, end - from)));
                    foreach (ulong found in Signatures(piece, length, from))
                    {
                        byte[] bootParams = new byte[FirmwareMap.BootParamsBytes];
                        if (found >= FirmwareMap.SignatureAt
                            && block.Read(found - FirmwareMap.SignatureAt, bootParams) == bootParams.Length
                            && FirmwareMap.Read(bootParams) is FirmwareMap map)
                        {
                            yield return map;
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
        for (int at = bytes.IndexOf(Signature), next; at >= 0; at = next < 0 ? -1 : at + 1 + next)
        {
            found.Add(from + (ulong)at);
            next = bytes[(at + 1)..].IndexOf(Signature);
        }

        return found;
    }
}
