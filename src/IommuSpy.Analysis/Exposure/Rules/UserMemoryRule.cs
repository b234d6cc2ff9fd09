using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Memory of processes in a domain that is not the kernel's to fill: VFIO, iommufd.</summary>
public sealed class UserMemoryRule : PageRule
{
    /// <inheritdoc/>
    public override string Id => "user-memory";

    /// <inheritdoc/>
    public override string Title => "A process has given memory to a device";

    /// <inheritdoc/>
    public override ExposureSeverity Severity => ExposureSeverity.Note;

    /// <inheritdoc/>
    public override string Action =>
        "Nothing, where the process is meant to drive the device: it can read and write what is listed at any time, and the process cannot tell.";

    /// <inheritdoc/>
    protected override string? Judge(ExposedPage page) =>
        ExposureScene.IsUnmanaged(page.Space) && page.Facts.Users.Count > 0
            ? $"memory of {string.Join(", ", page.Facts.Users.Select(user => user.Process).Distinct(StringComparer.Ordinal))}" : null;

    /// <inheritdoc/>
    protected override string Says(ulong pages, IReadOnlyList<ExposedPage> all) =>
        $"is driven from user space, and was "
            + $"given {Amount.Of(pages, "page")} of "
            + $"{string.Join(", ", all.SelectMany(page => page.Facts.Users).Select(user => user.Process).Distinct(StringComparer.Ordinal).Take(4))}";

    /// <inheritdoc/>
    protected override VirtualAddress? OwnerAddress(ExposedPage page) => page.Facts.Users[0].Virtual;
}
