using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Variables of the kernel's image that a device can write.</summary>
public sealed class KernelDataRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-kernel-data";

    /// <inheritdoc/>
    public override string Title => "A device can write the kernel's variables";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public override string Action =>
        "A driver that maps a static buffer exposes its neighbours: allocate the buffer by itself, with dma_alloc_coherent or in whole pages.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) =>
        page.IsWritable && page.Facts.Image == ImagePart.Data ? page.Facts.What + (page.Facts.Symbol is string symbol ? $", {symbol}" : "") : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) => $"can write {Amount.Of(pages, "page")} of the kernel's variables";
}
