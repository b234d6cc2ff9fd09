using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Anonymous memory of a process that a device can write, which the process did not give to it.</summary>
public sealed class ProcessMemoryRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "writable-process-memory";

    /// <inheritdoc/>
    public string Title => "A device can write memory of a process that did not give it";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action =>
        "Where direct I/O was running into these pages, nothing is wrong. Otherwise a mapping outlived its transfer (CONFIG_DMA_API_DEBUG names it), or a "
            + "range is mapped one to one: take it away.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            ExposedPage[] pages = [.. scene.PagesOf(space).Where(page => page is { IsWritable: true, Facts: { IsAnonymous: true, Users.Count: > 0 } })];

            // Of a domain that a process fills, most memory is that process's own; what belongs to others is not.
            HashSet<string> givers = ExposureScene.IsUnmanaged(space) ? Givers(pages) : [];
            EvidenceRuns runs = new();
            bool buffers = false;
            foreach (ExposedPage page in pages.Where(page => !page.Facts.Users.Any(user => givers.Contains(user.Process))))
            {
                buffers |= !page.IsOneToOne;
                runs.Add(page, $"anonymous memory of {page.Facts.Users[0].Process}", page.Facts.Users[0].Virtual);
            }

            if (runs.Pages > 0)
            {
                // A buffer of a transfer that runs looks like this too; a range that is mapped one to one does not come and go.
                yield return Findings.Of(
                    this, space, $"{Findings.Names(space)} can write {Amount.Of(runs.Pages, "page")} of processes' anonymous memory", runs,
                    buffers && !ExposureScene.IsUnmanaged(space) ? ExposureSeverity.Medium : Severity);
            }
        }
    }

    private static HashSet<string> Givers(ExposedPage[] pages) =>
    [
        .. pages.SelectMany(page => page.Facts.Users.Select(user => user.Process).Distinct(StringComparer.Ordinal))
            .GroupBy(process => process, StringComparer.Ordinal)
            .OrderByDescending(group => group.Count())
            .ThenBy(group => group.Key, StringComparer.Ordinal)
            .Take(1)
            .Select(group => group.Key),
    ];
}
