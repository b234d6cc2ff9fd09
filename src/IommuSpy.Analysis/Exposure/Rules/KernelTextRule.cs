using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Kernel or module code that a device can write.</summary>
public sealed class KernelTextRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-kernel-text";

    /// <inheritdoc/>
    public override string Title => "A device can write kernel code";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Critical;

    /// <inheritdoc/>
    public override string Action =>
        "Find out who maps code for a device: no driver has a reason to. Look at the mapping's owner, and at firmware's reserved ranges.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) =>
        page.IsWritable && (page.Facts.Image == ImagePart.Text || page.Facts.ModuleCode is not null)
            ? page.Facts.What + (page.Facts.Symbol is string symbol ? $", {symbol}" : "") : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) => $"can write {Amount.Of(pages, "page")} of code that the kernel runs";
}
