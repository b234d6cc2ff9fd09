using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules.Pages;

/// <summary>Queues of an IOMMU that a device can write.</summary>
internal sealed class IommuQueueRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-iommu-queue";

    /// <inheritdoc/>
    public override string Title => "A device can write a queue of an IOMMU";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Critical;

    /// <inheritdoc/>
    public override string Action => "No driver maps them: look for a mapping that outlived its page, or a range that is mapped one to one, and take it away.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) => page.IsWritable ? page.Facts.IommuQueue : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) =>
        $"can write {Amount.Of(pages, "page")} through which an IOMMU takes commands or reports what devices do";
}
