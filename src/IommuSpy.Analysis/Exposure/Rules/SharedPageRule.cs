using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A page that devices of different domains are let at.</summary>
public sealed class SharedPageRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "shared-page";

    /// <inheritdoc/>
    public string Title => "Two devices that are kept apart reach the same page";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Give each device buffers in pages of their own; where two devices talk to each other on purpose (peer to peer, a bond), nothing is wrong.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        ReachSpace[] spaces = [.. scene.RestrictingSpaces];
        Dictionary<ulong, (IReadOnlyList<ExposedPage> Pages, int Index)> first = [];
        Dictionary<(ReachSpace, ReachSpace), EvidenceRuns> shared = [];
        foreach (IReadOnlyList<ExposedPage> pages in spaces.Length < 2 ? [] : spaces.Select(scene.PagesOf))
        {
            for (int i = 0; i < pages.Count; i++)
            {
                ExposedPage page = pages[i];
                if (!page.Facts.IsMemory || first.TryAdd(page.Frame.Number, (pages, i)))
                {
                    continue;
                }

                // Ranges that firmware wants one to one are for each device that it names: not what two drivers put side by side.
                (IReadOnlyList<ExposedPage> those, int at) = first[page.Frame.Number];
                ExposedPage other = those[at];
                if (ReferenceEquals(other.Space, page.Space) || (other.IsOneToOne && page.IsOneToOne) || !(other.IsWritable || page.IsWritable))
                {
                    continue;
                }

                if (!shared.TryGetValue((other.Space, page.Space), out EvidenceRuns? evidence))
                {
                    shared[(other.Space, page.Space)] = evidence = new();
                }

                evidence.AddPiece(page,
                    $"{page.Facts.What}; for {Findings.Name(Findings.DevicesOf(other.Space)[0])} {DeviceRights.Letters(other.Rights)} at {other.Address}, "
                        + $"for {Findings.Name(Findings.DevicesOf(page.Space)[0])} {DeviceRights.Letters(page.Rights)} at {page.Address}");
            }
        }

        foreach (((ReachSpace one, ReachSpace two), EvidenceRuns evidence) in shared)
        {
            ExposureFinding finding = Findings.Of(this, one,
                $"{Findings.Names(one)} and {Findings.Names(two)} both reach {Amount.Of(evidence.Pages, "page")}", evidence);
            yield return finding with { Devices = [.. finding.Devices, .. Findings.DevicesOf(two).Select(device => device.Address.ToString())] };
        }
    }
}
