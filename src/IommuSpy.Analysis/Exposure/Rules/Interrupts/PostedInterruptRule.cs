using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules.Interrupts;

/// <summary>An interrupt that the IOMMU writes into memory (posts), where that memory is nobody's, or a device's to write.</summary>
internal sealed class PostedInterruptRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "posted-interrupt-target";

    /// <inheritdoc/>
    public string Title => "A posted interrupt goes to memory that it should not go to";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.High;

    /// <inheritdoc/>
    public string Action =>
        "An entry must not outlive the virtual CPU that it was made for: find out why it was not changed back when the machine ended, or who maps its page for "
            + "a device.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (IommuUnit unit in scene.Units.Where(unit => unit.RemapsInterrupts != false))
        {
            List<ExposureEvidence> nobodys = [];
            List<ExposureEvidence> writable = [];
            foreach (InterruptEntry entry in scene.Memory.InterruptsOf(unit))
            {
                if (entry.PostedTo is not PhysicalAddress target)
                {
                    continue;
                }

                string? owner = scene.Memory.PostedTargets?.GetValueOrDefault(target);
                string source = entry.Source?.ToString() ?? "any device";
                string what = string.Create(CultureInfo.InvariantCulture, $"entry {entry.Index} of {source}, vector 0x{entry.Vector:x2}")
                    + $", posted to {target} ({owner ?? "no virtual CPU's"})";
                if (Writer(scene, target.Frame) is DeviceReacher writer)
                {
                    writable.Add(new($"{what}, which {Findings.Name(writer.Device)} can write at {writer.Address}", entry.Address));
                }
                else if (owner is null && scene.Memory.PostedTargets is not null)
                {
                    nobodys.Add(new(what, entry.Address));
                }
            }

            string name = DeviceReport.NameOf(unit);
            if (writable.Count > 0)
            {
                yield return Findings.Of(
                    this, unit, $"{name} posts interrupts through memory that devices can write: they choose vectors, and the CPU told", writable);
            }

            if (nobodys.Count > 0)
            {
                yield return Findings.Of(this, unit, $"{name} posts interrupts into memory that is no living virtual CPU's: it sets bits there", nobodys);
            }
        }
    }

    private static DeviceReacher? Writer(ExposureScene scene, PageFrame frame) => scene.Reach.ReachersOf(frame)
        .FirstOrDefault(reacher => (reacher.Rights & AccessRights.Write) != AccessRights.None);
}
