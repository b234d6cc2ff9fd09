using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A page that a device can write and that its owners map read-only.</summary>
public sealed class ReadOnlyPageRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "writable-read-only-page";

    /// <inheritdoc/>
    public override string Title => "A device can write what its owner maps read-only";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public override string Action => "Map for the device with DMA_TO_DEVICE where it only reads; otherwise find out who maps the page.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page)
    {
        PageFacts facts = page.Facts;
        if (!page.IsWritable || facts.Image is not null || facts.ModuleCode is not null || facts.PageTable is not null || facts.IommuTable is not null)
        {
            return null;
        }

        // Anonymous memory that is read-only may be shared after fork, waiting to be copied: the process may write it all the same.
        return facts.KernelReadOnlyAt is not null ? $"{facts.What}, read-only for the kernel"
            : !facts.IsAnonymous && facts.Users.Count > 0 && facts.Users.All(user => !user.Writable)
                ? $"{facts.What}, read-only for {facts.Users[0].Process}{(facts.Users.Count > 1 ? $" and {facts.Users.Count - 1} more" : "")}"
            : null;
    }

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) => $"can write {Amount.Of(pages, "page")} that everybody else may only read";

    /// <inheritdoc/>
    protected override VirtualAddress? OwnerAddress(ExposedPage page) => page.Facts.KernelReadOnlyAt ?? page.Facts.Users[0].Virtual;
}
