using IommuSpy.Analysis.Devices;
using IommuSpy.Linux.Iommu;

namespace IommuSpy.Analysis.Exposure.Rules.Isolation;

/// <summary>The kernel was told to take devices for isolated, or for safe to give away, that are not.</summary>
internal sealed class IsolationOverrideRule : IExposureRule
{
    /// <inheritdoc/>
    public string Id => "isolation-override";

    /// <inheritdoc/>
    public string Title => "The kernel was told to treat devices as isolated that are not";

    /// <inheritdoc/>
    public ExposureSeverity Severity => ExposureSeverity.Medium;

    /// <inheritdoc/>
    public string Action =>
        "Take the option away. Devices that then share a group can reach each other behind the IOMMU: give them to one guest, or move one to another slot.";

    /// <inheritdoc/>
    public IEnumerable<ExposureFinding> Find(ExposureScene scene)
    {
        ExposureEvidence[] evidence = [.. Options(scene.Memory.CommandLine).Concat(Parameters(scene.Memory)).Select(what => new ExposureEvidence(what))];
        foreach (IommuUnit unit in evidence.Length == 0 ? [] : scene.Units)
        {
            yield return Findings.Of(
                this, unit, $"devices behind {DeviceReport.NameOf(unit)} are less isolated from one another than their groups, or VFIO's checks, say", evidence);
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

    private static IEnumerable<string> Parameters(IMemoryFacts memory)
    {
        if (memory.ModuleFlag("vfio_iommu_type1", "allow_unsafe_interrupts") == true)
        {
            yield return "vfio_iommu_type1.allow_unsafe_interrupts is set: devices are given away though they can send any interrupt";
        }

        if (memory.ModuleFlag("vfio", "vfio_noiommu") == true || memory.ModuleFlag("vfio", "noiommu") == true)
        {
            yield return "vfio.enable_unsafe_noiommu_mode is set: devices can be given away with no IOMMU before them";
        }
    }
}
