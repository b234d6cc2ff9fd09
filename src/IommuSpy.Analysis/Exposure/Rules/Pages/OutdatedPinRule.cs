using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure.Rules.Pages;

/// <summary>A page that a process gave to its device, and no longer has where it gave it: the device goes on with the old one.</summary>
internal sealed class OutdatedPinRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "outdated-pin";

    /// <inheritdoc/>
    public string Title => "A device reaches a page that its process no longer has there";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Let the process take the range from the device and give it again. A virtual machine with an assigned device must not give memory back to its host "
            + "(balloon, free page reporting, MADV_DONTNEED) without telling VFIO.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (ReachSpace space in scene.RestrictingSpaces)
        {
            IReadOnlyList<OutdatedPin> pins = scene.Memory.OutdatedPinsOf(space);
            if (pins.Count > 0)
            {
                string processes = string.Join(", ", pins.Select(pin => pin.Process).Distinct());
                yield return Findings.Of(
                    this, space,
                    $"{Findings.Names(space)} reaches {Amount.Of((ulong)pins.Count, "page")} that {processes} gave and no longer has there: "
                        + "what one writes, the other does not see",
                    [.. pins.Select(pin => new ExposureEvidence(
                        pin.Now is PageFrame now ? $"{pin.Process} has {now.Address} there now" : $"{pin.Process} has no page there now",
                        pin.Frame.Address, pin.Iova, PageFrame.Size, Rights(space, pin), pin.Virtual))]);
            }
        }
    }

    private static string Rights(ReachSpace space, OutdatedPin pin) => DeviceRights.Letters(space.Users[0].Context.Translate(pin.Iova).Rights);
}
