namespace IommuSpy.Memory.Formats.Raw;

/// <summary>A run of memory in a raw file, as the state that was saved beside it says.</summary>
/// <param name="Address">Physical address.</param>
/// <param name="Offset">File offset.</param>
/// <param name="Length">Bytes.</param>
internal readonly record struct RamRegion(ulong Address, ulong Offset, ulong Length)
{
    /// <summary>Regions that lie in a file and in 52 bits of address, and do not overlap; null where they do not.</summary>
    internal static IReadOnlyList<RamRegion>? Checked(List<RamRegion> regions, ulong fileBytes)
    {
        const ulong MostAddress = 1UL << 52;
        regions.Sort((left, right) => left.Address.CompareTo(right.Address));
        ulong end = 0;
        foreach (RamRegion region in regions)
        {
            if (region.Length == 0 || region.Address < end || region.Address >= MostAddress || region.Length > MostAddress - region.Address
                || region.Offset > fileBytes || region.Length > fileBytes - region.Offset)
            {
                return null;
            }

            end = region.Address + region.Length;
        }

        return regions.Count > 0 ? regions : null;
    }
}
