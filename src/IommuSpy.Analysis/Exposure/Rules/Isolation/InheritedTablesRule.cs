using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules.Isolation;

/// <summary>Tables that this kernel took over from the one before it: of a crashed kernel, or at a live update.</summary>
internal sealed class InheritedTablesRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "inherited-tables";

    /// <inheritdoc/>
    public string Title => "An IOMMU goes on with tables of the kernel before this one";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Note;

    /// <inheritdoc/>
    public string Action =>
        "Expected in a kernel that writes a crash dump. Elsewhere, reset or bind the devices, so that their drivers ask for tables of their own, and find out "
            + "why the kernel before left its IOMMU on.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        foreach (IommuUnit unit in scene.Units.Where(unit => unit is { BeganTranslating: true, Translating: not false }))
        {
            MachineDevice[] still = [.. scene.Devices.Where(device =>
                device.Access is DeviceAccess.Translated or DeviceAccess.PassThrough && device.Unit?.Object == unit.Object
                    && device.Requesters.Any(requester => unit.Inherited?.Contains(requester) == true))];
            string name = DeviceReport.NameOf(unit);
            string message = still.Length > 0
                ? $"{Amount.Of((ulong)still.Length, "device")} behind {name} can reach what the kernel before this one mapped"
                : unit.Inherited is null
                ? $"{name} translated when this kernel began; which of its devices have tables of their own since, the kernel does not keep"
                : $"{name} translated when this kernel began; every device that it serves has tables of its own since";
            yield return Findings.Of(
                this, unit, message, [.. still.Select(device => new ExposureEvidence($"entry of {Findings.Name(device)}", device.Context?.EntryAddress))],
                still.Length > 0 ? ExposureSeverity.Medium : Severity);
        }
    }
}
