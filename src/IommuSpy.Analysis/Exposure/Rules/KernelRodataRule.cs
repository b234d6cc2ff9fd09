using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Read-only data of the kernel's image that a device can write: tables of functions, above all.</summary>
public sealed class KernelRodataRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-kernel-rodata";

    /// <inheritdoc/>
    public override string Title => "A device can write the kernel's read-only data";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Critical;

    /// <inheritdoc/>
    public override string Action => "Find out who maps it for a device: no driver has a reason to write there.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) =>
        page.IsWritable && page.Facts.Image == ImagePart.Rodata ? page.Facts.What + (page.Facts.Symbol is string symbol ? $", {symbol}" : "") : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) =>
        $"can write {Amount.Of(pages, "page")} of data that the kernel takes for constant";
}
