namespace IommuSpy.Memory.Placement;

/// <summary>A part of a block, and where it stands in physical memory.</summary>
/// <param name="Block">The block.</param>
/// <param name="Offset">Where in it the part begins.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Start">Its physical address; null where it is not known.</param>
internal readonly record struct PlacedRun(MemoryBlock Block, ulong Offset, ulong Length, PhysicalAddress? Start)
{
    /// <summary>The physical addresses that can hold anything but zeros.</summary>
    internal IEnumerable<PhysicalRange> Data()
    {
        foreach (FileExtent extent in Block.Data)
        {
            ulong first = Math.Max(extent.Offset, Offset);
            ulong end = Math.Min(extent.End, Offset + Length);
            if (first < end && Start is PhysicalAddress start)
            {
                yield return new(start + (first - Offset), end - first);
            }
        }
    }

    /// <summary>The part as it is named where nothing places it.</summary>
    internal string Described => Length == Block.Length ? $"{Block.Name} ({Size.Text(Length)})" : $"the last {Size.Text(Length)} of {Block.Name}";
}
