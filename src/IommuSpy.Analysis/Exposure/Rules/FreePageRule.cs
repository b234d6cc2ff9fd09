using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Pages that are free and that a device is still let at.</summary>
public sealed class FreePageRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "mapped-free-page";

    /// <inheritdoc/>
    public override string Title => "Free memory is still mapped for a device";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public override string Action =>
        "The driver frees buffers before it unmaps them, or never does: look for a missing dma_unmap (CONFIG_DMA_API_DEBUG names it).";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) => !page.IsOneToOne && page.Facts.IsFree ? $"free page, {page.Facts.What}" : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) =>
        $"is still let at {Amount.Of(pages, "page")} that the buddy allocator has given back to everybody";
}
