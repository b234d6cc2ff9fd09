using System.Globalization;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure.Rules.Interrupts;

/// <summary>An interrupt remapping entry that any device may use (VT-d: SVT is 0).</summary>
internal sealed class UncheckedSourceRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "unchecked-interrupt-source";

    /// <inheritdoc/>
    public string Title => "Any device can use an interrupt that was made for one";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Boot without intremap=nosid. Where the kernel was not told so, find out who made the entry: Linux gives each a source to compare.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        // AMD-Vi's tables are a device's each: they need no source.
        foreach (IommuUnit unit in scene.Units.Where(unit => unit is { Kind: IommuKind.VtD, RemapsInterrupts: true }))
        {
            IReadOnlyList<InterruptEntry> entries = scene.Memory.InterruptsOf(unit);
            InterruptEntry[] open = [.. entries.Where(entry => entry.Source is null)];
            if (open.Length > 0)
            {
                yield return Findings.Of(
                    this, unit,
                    $"{DeviceReport.NameOf(unit)} lets any device use {Amount.Of((ulong)open.Length, "interrupt")} of {entries.Count} that it remaps",
                    [.. open.Select(entry => new ExposureEvidence(
                        string.Create(CultureInfo.InvariantCulture, $"entry {entry.Index}, vector 0x{entry.Vector:x2}, {Target(entry)}: SVT is 0"),
                        entry.Address))]);
            }
        }
    }

    private static string Target(InterruptEntry entry) => entry.PostedTo is { } descriptor ? $"posted to {descriptor}"
        : string.Create(CultureInfo.InvariantCulture, $"{(entry.IsLogical ? "logical destination" : "APIC")} {entry.Destination}");
}
