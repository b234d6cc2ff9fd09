using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli;

/// <summary>Devices from the command line.</summary>
internal static class DeviceArguments
{
    /// <summary>A device, or one PASID of it: "00:1f.2", "0000:00:1f.2", "00:1f.2:0x20", "1f.2", "0x00fa", or the name of its driver.</summary>
    /// <exception cref="UsageException">The text is none, or may be several.</exception>
    /// <exception cref="NoAnswerException">The machine has none of that name.</exception>
    public static DeviceName Name(Machine machine, string text) =>
        DeviceName.TryFind(machine, text, out DeviceName name, out AddressProblem? problem) ? name : throw Addresses.Refusal(problem);

    /// <summary>A device, where a PASID has no meaning.</summary>
    /// <exception cref="UsageException">The text is none, or may be several.</exception>
    /// <exception cref="NoAnswerException">The machine has none of that name.</exception>
    public static RequesterId Address(Machine machine, string text) => Name(machine, text) is { Pasid: null } name
        ? name.Requester
        : throw new UsageException($"'{text}' names a PASID: write the device alone, as 00:1f.2 or 0000:00:1f.2");

    /// <summary>A device of a machine.</summary>
    /// <exception cref="NoAnswerException">The machine has none of that address.</exception>
    public static MachineDevice Of(Machine machine, RequesterId address) =>
        machine.Devices.Find(address)
            ?? throw new NoAnswerException($"no device {address} in this "
                + $"machine{(machine.Devices.FunctionsAbsence is string why ? $" as far as IOMMU tables tell: {why}" : "")} (see iommu-spy devices)");
}
