using System.Globalization;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules.Pages;

/// <summary>A page that one domain maps more often than anybody uses it: a mapping of which its driver knows nothing any more.</summary>
/// <remarks>
/// That a page is mapped several times is ordinary: once for each buffer in it. So is a process that maps what it likes for its device. What is found is a page
/// with more mappings than it has live objects, or than there are references to it. Storage is left out: a page goes to several disks of one controller (a
/// mirror), or block by block, with nobody counting those uses; and so does a page of the kernel's image, the page of zeroes above all.
/// </remarks>
internal sealed class RepeatedPageRule : IExposureRule
{
    // Base class of mass storage (PCI Code and ID Assignment, 1.2).
    private const uint MassStorage = 0x01;

    /// <inheritdoc/>
    public string Id => "repeated-page";

    /// <inheritdoc/>
    public string Title => "A page is mapped for a device more often than it is used";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Unmapping one of the addresses leaves the device its access by the others. Look for a driver that maps without unmapping: CONFIG_DMA_API_DEBUG "
            + "names it.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces.Where(space => !ExposureScene.IsUnmanaged(space) && !space.Users.Any(IsStorage)))
        {
            Dictionary<ulong, List<ExposedPage>> ways = [];
            HashSet<ulong> seen = [];
            IReadOnlyList<ExposedPage> pages = scene.PagesOf(space);
            HashSet<ulong> repeated = [.. pages.Where(page => !page.IsOneToOne && !seen.Add(page.Frame.Number)).Select(page => page.Frame.Number)];
            foreach (ExposedPage page in pages.Where(page => !page.IsOneToOne && repeated.Contains(page.Frame.Number)))
            {
                if (!ways.TryGetValue(page.Frame.Number, out List<ExposedPage>? its))
                {
                    ways[page.Frame.Number] = its = [];
                }

                its.Add(page);
            }

            List<ExposureEvidence> evidence = [];
            foreach (List<ExposedPage> its in ways.Values)
            {
                if (Excess(its) is string what)
                {
                    evidence.Add(new($"{what}; at {Addresses(its)}", its[0].Frame.Address, its[0].Address, PageFrame.Size, Rights(its)));
                }
            }

            if (evidence.Count > 0)
            {
                yield return Findings.Of(
                    this, space, $"{Findings.Names(space)} has {Amount.Of((ulong)evidence.Count, "page")} at more addresses than there are users of it",
                    evidence);
            }
        }
    }

    private static bool IsStorage(ReachUser user) => user.Device.Function?.Class >> 16 == MassStorage;

    private static string? Excess(List<ExposedPage> ways)
    {
        PageFacts facts = ways[0].Facts;
        if (facts.Slab is SlabPages slab)
        {
            // An object that cannot be told to be free may be a buffer.
            int objects = slab.ObjectsIn(ways[0].Frame.Address, PageFrame.Size)
                .Count(item => item.State is SlabObjectState.Live or SlabObjectState.Unknown or SlabObjectState.Freeing);
            return objects < ways.Count
                ? string.Create(
                    CultureInfo.InvariantCulture, $"{facts.What}: mapped {ways.Count} times, {Amount.Of((ulong)objects, "live object")} on the page")
                : null;
        }

        // A page that is free is another rule's; of what nobody counts references nothing can be said.
        return facts.Image is null && facts.References is int references && references > 0 && references < ways.Count
            ? string.Create(CultureInfo.InvariantCulture, $"{facts.What}: mapped {ways.Count} times, {Amount.Of((ulong)references, "reference")} to it")
            : null;
    }

    private static string Rights(List<ExposedPage> ways) =>
        DeviceRights.Letters(ways.Aggregate(ways[0].Rights, (all, way) => all | way.Rights));

    private static string Addresses(List<ExposedPage> ways)
    {
        const int MostNamed = 8;
        string more = ways.Count > MostNamed ? string.Create(CultureInfo.InvariantCulture, $" and {ways.Count - MostNamed} more") : "";
        return string.Join(", ", ways.Take(MostNamed).Select(way => $"{way.Address} {DeviceRights.Letters(way.Rights)}")) + more;
    }
}
