using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Pci;

namespace IommuSpy.Analysis.Devices;

/// <summary>Every device of a machine as its IOMMUs let it see memory.</summary>
/// <param name="Devices">The devices, in order of address.</param>
/// <param name="Problems">What could not be read, or contradicts itself; a line each.</param>
public sealed record DevicesReport(IReadOnlyList<DeviceReport> Devices, IReadOnlyList<string> Problems)
{
    /// <summary>Lists the devices.</summary>
    public static DevicesReport Of(Machine machine)
    {
        DeviceReach reach = machine.DeviceReach;
        return new([.. machine.Devices.Devices.Select(device => DeviceReport.Of(device, reach, PciNames.Installed))], ProblemsOf(machine));
    }

    /// <summary>What could not be read of a machine's devices and their tables, a line each.</summary>
    internal static IReadOnlyList<string> ProblemsOf(Machine machine)
    {
        DeviceInventory inventory = machine.Devices;
        List<string> problems = [.. inventory.Damage];
        if (inventory.FunctionsAbsence is string absence)
        {
            problems.Add($"only devices that IOMMU tables have an entry for: {absence}");
        }

        if (!machine.DeviceReach.IsWhole)
        {
            problems.Add("IOMMU tables are missing from the image, or too many: devices may reach more");
        }

        return problems;
    }
}
