namespace IommuSpy.Linux.Inference.Pages;

/// <summary>What VMCOREINFO tells of struct page, where the data agree with it.</summary>
/// <param name="Offsets">Where each field is, by its name.</param>
/// <param name="SlabBit">Which bit of the flags says that a page is a slab's; null where that is not known.</param>
internal sealed record PageFields(IReadOnlyDictionary<string, int> Offsets, int? SlabBit)
{
    /// <summary>Where a field is; null where it is not told.</summary>
    public int? At(string name) => Offsets.TryGetValue(name, out int offset) ? offset : null;
}
