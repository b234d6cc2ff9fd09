using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Page tables of the CPU that a device can write.</summary>
public sealed class PageTableRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-page-table";

    /// <inheritdoc/>
    public override string Title => "A device can write page tables of the CPU";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Critical;

    /// <inheritdoc/>
    public override string Action =>
        "No driver maps page tables: look for a mapping that outlived its page, or a range that is mapped one to one, and take it away.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) => page.IsWritable ? page.Facts.PageTable : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) => $"can write {Amount.Of(pages, "page table")} of the CPU";
}
