using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

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
        Dictionary<ulong, ExposedPage> first = [];
        Dictionary<(ReachSpace, ReachSpace), List<ExposureEvidence>> shared = [];
        foreach (ExposedPage page in scene.RestrictingSpaces.SelectMany(scene.PagesOf))
        {
            // Ranges that firmware wants one to one are for each device that it names: not what two drivers put side by side.
            if (!first.TryGetValue(page.Frame.Number, out ExposedPage? other))
            {
                first[page.Frame.Number] = page;
            }
            else if (!ReferenceEquals(other.Space, page.Space) && !(other.IsOneToOne && page.IsOneToOne) && (other.IsWritable || page.IsWritable))
            {
                if (!shared.TryGetValue((other.Space, page.Space), out List<ExposureEvidence>? evidence))
                {
                    shared[(other.Space, page.Space)] = evidence = [];
                }

                evidence.Add(new(
                    $"{page.Facts.What}; for {Findings.Name(Findings.DevicesOf(other.Space)[0])} {DeviceRights.Letters(other.Rights)} at {other.Address}, "
                        + $"for {Findings.Name(Findings.DevicesOf(page.Space)[0])} {DeviceRights.Letters(page.Rights)} at {page.Address}",
                    page.Frame.Address, page.Address, PageFrame.Size, DeviceRights.Letters(page.Rights)));
            }
        }

        foreach (((ReachSpace one, ReachSpace two), List<ExposureEvidence> evidence) in shared)
        {
            ExposureFinding finding = Findings.Of(this, one,
                $"{Findings.Names(one)} and {Findings.Names(two)} both reach {Amount.Of((ulong)evidence.Count, "page")}", evidence);
            yield return finding with { Devices = [.. finding.Devices, .. Findings.DevicesOf(two).Select(device => device.Address.ToString())] };
        }
    }
}
