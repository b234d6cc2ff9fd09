using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A page of a slab that is mapped for a device, with live objects on it beside the buffer.</summary>
public sealed class SlabNeighboursRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "slab-neighbours";

    /// <inheritdoc/>
    public string Title => "A device reaches kernel objects that lie beside its buffer";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Allocate buffers for devices in whole pages or with dma_alloc_coherent; for devices that a stranger can plug in, the kernel bounces such buffers by "
            + "itself (swiotlb, external-facing ports).";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            List<ExposureEvidence> evidence = [];
            ulong objects = 0;
            ulong withFunctions = 0;
            bool writable = false;

            // A page is mapped once for each buffer in it, so that of the live objects on it at most as many are buffers.
            foreach (IGrouping<PageFrame, ExposedPage> page in scene.PagesOf(space).Where(page => page.Facts.Slab is not null).GroupBy(page => page.Frame))
            {
                ExposedPage first = page.First();
                SlabNeighbours neighbours = SlabNeighbours.Of(scene.Memory, first.Facts.Slab!, page.Key, page.Count(way => !way.IsOneToOne));
                if (neighbours.Count == 0)
                {
                    continue;
                }

                bool canWrite = page.Any(way => way.IsWritable);
                objects += neighbours.Count;
                withFunctions += canWrite && neighbours.HasFunctions ? 1UL : 0;
                writable |= canWrite;
                ExposureEvidence piece = new(
                    neighbours.Text, page.Key.Address, first.Address, PageFrame.Size,
                    DeviceRights.Letters(page.Aggregate(first.Rights, (rights, way) => rights | way.Rights)), neighbours.First);
                evidence.Insert(neighbours.HasFunctions ? 0 : evidence.Count, piece);
            }

            if (evidence.Count > 0)
            {
                string with = withFunctions > 0 ? ", pointers to functions among them" : "";
                yield return Findings.Of(
                    this, space,
                    $"{Findings.Names(space)} can {(writable ? "write" : "read")} {Amount.Of(objects, "live object")} that {(objects == 1 ? "is" : "are")} not "
                        + $"its own{with}",
                    evidence, !writable ? ExposureSeverity.Low : withFunctions > 0 ? ExposureSeverity.High : Severity);
            }
        }
    }
}
