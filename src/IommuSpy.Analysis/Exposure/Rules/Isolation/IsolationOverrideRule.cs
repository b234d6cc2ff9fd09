using IommuSpy.Analysis.Devices;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules.Isolation;

/// <summary>The kernel was told to isolate devices less, to take them for isolated, or to give them away without asking.</summary>
internal sealed class IsolationOverrideRule : IExposureRule
{
    private const string UnsafeInterrupts =
        "vfio_iommu_type1.allow_unsafe_interrupts is set: VFIO gives devices away also where nothing remaps the interrupts that they send";

    /// <inheritdoc/>
    public string Id => "isolation-override";

    /// <inheritdoc/>
    public string Title => "The kernel was told to isolate devices less, or not to ask whether they are isolated";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Take the option away. Devices that then share a group can reach each other behind the IOMMU: give them to one guest, or move one to another slot.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        string[] told = [.. Options(scene.Memory.CommandLine), .. NoIommu(scene.Memory)];
        bool unsafeInterrupts = scene.Memory.ModuleFlag("vfio_iommu_type1", "allow_unsafe_interrupts") == true;
        foreach (IommuUnit unit in scene.Units)
        {
            string name = DeviceReport.NameOf(unit);
            if (told.Length > 0 || (unsafeInterrupts && unit.RemapsInterrupts != true))
            {
                yield return Findings.Of(
                    this, unit, $"devices behind {name} are less isolated from one another than their groups, or VFIO's checks, say",
                    [.. told.Concat(unsafeInterrupts ? [UnsafeInterrupts] : []).Select(what => new ExposureEvidence(what))]);
            }
            else if (unsafeInterrupts)
            {
                yield return Findings.Of(
                    this, unit, $"VFIO does not ask whether {name} remaps interrupts before it gives a device away; it does, so nothing follows from that now",
                    [new ExposureEvidence(UnsafeInterrupts)], ExposureSeverity.Note);
            }
        }
    }

    private static IEnumerable<string> Options(string? line)
    {
        // What comes after "--" is for init.
        foreach (string word in (line ?? "").Split([' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries).TakeWhile(word => word != "--"))
        {
            string option = word.Trim('"');
            if (option.StartsWith("pcie_acs_override=", StringComparison.Ordinal))
            {
                yield return $"{option}: functions count as isolated that do not say they are (an option of a patch that is not part of Linux)";
            }
            else if (option.StartsWith("pci=", StringComparison.Ordinal))
            {
                foreach (string part in option["pci=".Length..].Split(','))
                {
                    if (part.StartsWith("disable_acs_redir=", StringComparison.Ordinal))
                    {
                        yield return $"pci={part}: requests from one device to another need not go up to the IOMMU";
                    }
                    else if (part.StartsWith("config_acs=", StringComparison.Ordinal))
                    {
                        yield return $"pci={part}: which requests between devices go up to the IOMMU was set by hand";
                    }
                }
            }
        }
    }

    private static IEnumerable<string> NoIommu(IMemoryFacts memory)
    {
        if (memory.ModuleFlag("vfio", "vfio_noiommu") == true || memory.ModuleFlag("vfio", "noiommu") == true)
        {
            yield return "vfio.enable_unsafe_noiommu_mode is set: devices can be given away with no IOMMU before them";
        }
    }
}
