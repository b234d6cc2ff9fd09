using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli;

/// <summary>Devices from the command line.</summary>
internal static class DeviceArguments
{
    /// <summary>A device, or one PASID of it: "00:1f.2", "0000:00:1f.2", "00:1f.2:0x20".</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static DeviceName Name(string text) => DeviceName.TryParse(text, out DeviceName name)
        ? name
        : throw new UsageException($"'{text}' is no device: write bus:device.function as 00:1f.2 or 0000:00:1f.2, with :PASID after it where one is meant");

    /// <summary>A device, where a PASID has no meaning.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static RequesterId Address(string text) => Name(text) is { Pasid: null } name
        ? name.Requester
        : throw new UsageException($"'{text}' names a PASID: write the device alone, as 00:1f.2 or 0000:00:1f.2");

    /// <summary>An I/O virtual address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static IoVirtualAddress IoVirtual(string text) => AddressExpression.TryParseNumber(text, out ulong address)
        ? new(address)
        : throw new UsageException($"'{text.Trim()}' is no I/O virtual address: write 0x and hexadecimal, or decimal");

    /// <summary>A device of a machine.</summary>
    /// <exception cref="NoAnswerException">The machine has none of that address.</exception>
    public static MachineDevice Of(Machine machine, RequesterId address) =>
        machine.Devices.Find(address) ?? throw new NoAnswerException($"no device {address} in this machine{(machine.Devices.FunctionsAbsence is string why ? $" as far as IOMMU tables tell: {why}" : "")} (see iommu-spy devices)");
}
