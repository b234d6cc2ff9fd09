namespace IommuSpy.Analysis.Frames;

/// <summary>What a page frame is used for, and by whom.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Owner">Whose it is, in words; null where nothing tells.</param>
public readonly record struct PageUse(PageKind Kind, string? Owner)
{
    /// <summary>"slab: kmalloc-2k".</summary>
    public override string ToString() => Owner is null ? Kind.Words() : $"{Kind.Words()}: {Owner}";
}
