using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Analysis.Exposure.Rules;

/// <summary>Firmware demands that memory be open to a device (RMRR, IVMD).</summary>
public sealed class FirmwareRangeRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "firmware-range";

    /// <inheritdoc/>
    public string Title => "Firmware keeps memory open to a device";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Low;

    /// <inheritdoc/>
    public string Action =>
        "Ask the vendor of the firmware why; ranges for USB legacy support go away with that option. A device that has such a range cannot safely be given "
            + "to a guest.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (MachineDevice device in scene.Devices.Where(device => device.ReservedRegions.Count > 0))
        {
            yield return Findings.Of(
                this, device,
                $"{Findings.Name(device)} has {Amount.Of((ulong)device.ReservedRegions.Count, "range")} of memory that firmware demands to be open to it",
                [.. device.ReservedRegions.Select(region => new ExposureEvidence(
                    $"{region.First}-{region.Last}, {(region.IsExclusion ? "passed through" : "mapped one to one")}", region.First, null,
                    region.Last.Value - region.First.Value + 1,
                    (region.Readable ? "r" : "") + (region.Writable ? "w" : "")))]);
        }
    }
}
