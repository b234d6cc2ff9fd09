using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli;

/// <summary>Devices from the command line.</summary>
internal static class DeviceArguments
{
    /// <summary>A device's address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static RequesterId Address(string text) => RequesterId.TryParse(text, out RequesterId address)
        ? address
        : throw new UsageException($"'{text}' is no device: write BUS:DEVICE.FUNCTION, as 00:1f.2, or with the segment before it");

    /// <summary>A device of a machine.</summary>
    /// <exception cref="NoAnswerException">The machine has none of that address.</exception>
    public static MachineDevice Of(Machine machine, RequesterId address) =>
        machine.Devices.Find(address) ?? throw new NoAnswerException($"no device {address} in this machine{(machine.Devices.FunctionsAbsence is string why ? $" as far as IOMMU tables tell: {why}" : "")} (see iommu-spy devices)");
}
