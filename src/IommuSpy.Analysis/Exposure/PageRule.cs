using IommuSpy.Analysis.Dma;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A rule that looks at each page that devices are let at, and makes one finding of all that share tables.</summary>
public abstract class PageRule : IExposureRule
{
    /// <inheritdoc/>
    public abstract string Id { get; }

    /// <inheritdoc/>
    public abstract string Title { get; }

    /// <inheritdoc/>
    public abstract ExposureSeverity Severity { get; }

    /// <inheritdoc/>
    public abstract string Action { get; }

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            EvidenceRuns runs = new();
            foreach (ExposedPage page in scene.PagesOf(space))
            {
                if (Judge(page) is string what)
                {
                    runs.Add(page, what, OwnerAddress(page));
                }
            }

            if (runs.Pages > 0)
            {
                yield return Findings.Of(this, space, $"{Findings.Names(space)} {Says(runs.Pages, scene.PagesOf(space))}", runs);
            }
        }
    }

    /// <summary>What is wrong with a page, in words for evidence; null where nothing is.</summary>
    protected abstract string? Judge(ExposedPage page);

    /// <summary>What the devices can do: goes on after their names.</summary>
    /// <param name="pages">How many pages were judged.</param>
    /// <param name="all">All pages of the tables.</param>
    protected abstract string Says(ulong pages, IReadOnlyList<ExposedPage> all);

    /// <summary>Where a page is for whoever owns it; null where that does not matter.</summary>
    protected virtual VirtualAddress? OwnerAddress(ExposedPage page) => null;
}
