using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Reach;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>A page of a slab that is mapped for a device, with live objects on it beside the buffer.</summary>
public sealed class SlabNeighboursRule : IExposureRule
{
    private const int MostFunctionsNamed = 3;

    /// <inheritdoc/>
    public string Id => "slab-neighbours";

    /// <inheritdoc/>
    public string Title => "A device reaches kernel objects that lie beside its buffer";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action => "Allocate buffers for devices in whole pages or with dma_alloc_coherent; for devices that a stranger can plug in, the kernel bounces such buffers by itself (swiotlb, external-facing ports).";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            List<ExposureEvidence> evidence = [];
            ulong objects = 0;
            ulong pointers = 0;
            bool writable = false;

            // A page is mapped once for each buffer in it, so that of the live objects on it at most as many are buffers.
            foreach (IGrouping<PageFrame, ExposedPage> page in scene.PagesOf(space).Where(page => page.Facts.Slab is not null).GroupBy(page => page.Frame))
            {
                ExposedPage first = page.First();
                SlabPages slab = first.Facts.Slab!;
                SlabObject[] live = [.. slab.ObjectsIn(page.Key.Address, PageFrame.Size).Where(item => item.State == SlabObjectState.Live)];
                int buffers = page.Count(way => !way.IsOneToOne);
                if (live.Length <= buffers)
                {
                    continue;
                }

                string[] functions = [.. live.SelectMany(item => scene.Memory.FunctionPointers(slab.Cache, item)).Distinct()];
                bool canWrite = page.Any(way => way.IsWritable);
                objects += (ulong)(live.Length - buffers);
                pointers += canWrite ? (ulong)functions.Length : 0;
                writable |= canWrite;
                evidence.Add(new(
                    Text(slab, live, buffers, functions), page.Key.Address, first.Address, PageFrame.Size,
                    DeviceRights.Letters(page.Aggregate(first.Rights, (rights, way) => rights | way.Rights)), live[0].Address));
            }

            if (evidence.Count > 0)
            {
                string with = pointers > 0 ? ", pointers to functions among them" : "";
                yield return Findings.Of(
                    this, space, $"{Findings.Names(space)} can {(writable ? "write" : "read")} {Amount.Of(objects, "live object")} that {(objects == 1 ? "is" : "are")} not its own{with}",
                    [.. evidence.OrderByDescending(piece => piece.What.Contains("functions", StringComparison.Ordinal))], !writable ? ExposureSeverity.Low : pointers > 0 ? ExposureSeverity.High : Severity);
            }
        }
    }

    private static string Text(SlabPages slab, SlabObject[] live, int buffers, string[] functions)
    {
        string what = string.Create(CultureInfo.InvariantCulture, $"slab {slab.Cache.Name}: {live.Length} live objects of {slab.Cache.ObjectSize} bytes on the page");
        string which = buffers == 0 ? ", none of them a buffer" : buffers == 1 ? ", one at the most is its buffer" : string.Create(CultureInfo.InvariantCulture, $", {buffers} at the most are its buffers");
        string names = functions.Length == 0 ? ""
            : $"; functions: {string.Join(", ", functions.Take(MostFunctionsNamed))}{(functions.Length > MostFunctionsNamed ? string.Create(CultureInfo.InvariantCulture, $" and {functions.Length - MostFunctionsNamed} more") : "")}";
        return what + which + names;
    }
}
