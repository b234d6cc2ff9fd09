using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Tables of an IOMMU that a device can write.</summary>
public sealed class IommuTableRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-iommu-table";

    /// <inheritdoc/>
    public override string Title => "A device can write tables of an IOMMU";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Critical;

    /// <inheritdoc/>
    public override string Action => "No driver maps them: look for a mapping that outlived its page, or a range that is mapped one to one, and take it away.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) => page.IsWritable ? page.Facts.IommuTable : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) => $"can write {Amount.Of(pages, "page")} of IOMMU tables";
}
