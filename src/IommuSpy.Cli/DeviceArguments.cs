using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Cli;

/// <summary>Devices from the command line.</summary>
internal static class DeviceArguments
{
    private const ulong MostPasids = 1 << 20;

    /// <summary>A device's address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static RequesterId Address(string text) => RequesterId.TryParse(text, out RequesterId address)
        ? address
        : throw new UsageException($"'{text}' is no device: write BUS:DEVICE.FUNCTION, as 00:1f.2, or with the segment before it");

    /// <summary>A device's address, and the PASID behind it: "00:1f.2:20".</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (RequesterId Address, int? Pasid) WithPasid(string text)
    {
        int colon = text.LastIndexOf(':');
        if (RequesterId.TryParse(text, out RequesterId plain) || colon < 0)
        {
            return (Address(text), null);
        }

        return RequesterId.TryParse(text.AsSpan(0, colon), out plain) && AddressExpression.TryParseNumber(text.AsSpan(colon + 1), out ulong pasid) && pasid < MostPasids
            ? (plain, (int)pasid)
            : throw new UsageException($"'{text}' is no device: write BUS:DEVICE.FUNCTION, as 00:1f.2, and :PASID behind it for requests with one");
    }

    /// <summary>An I/O virtual address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static IoVirtualAddress IoVirtual(string text) => AddressExpression.TryParseNumber(text, out ulong address)
        ? new(address)
        : throw new UsageException($"'{text}' is no I/O virtual address: write 0x and hexadecimal, or decimal");

    /// <summary>A device of a machine.</summary>
    /// <exception cref="NoAnswerException">The machine has none of that address.</exception>
    public static MachineDevice Of(Machine machine, RequesterId address) =>
        machine.Devices.Find(address) ?? throw new NoAnswerException($"no device {address} in this machine{(machine.Devices.FunctionsAbsence is string why ? $" as far as IOMMU tables tell: {why}" : "")} (see iommu-spy devices)");
}
