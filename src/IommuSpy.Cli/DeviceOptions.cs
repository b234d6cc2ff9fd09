using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;

namespace IommuSpy.Cli;

/// <summary>Through which device's eyes a command looks.</summary>
internal sealed class DeviceOptions
{
    private readonly Option<string?> _device = new("--device")
    {
        Description = "Look as this PCI device does, through its IOMMU: addresses are I/O virtual ones. With :PASID, as it does with that process address "
            + "space ID.",
        HelpName = "BDF[:PASID]",
    };

    /// <summary>Adds the option to a command.</summary>
    public DeviceOptions(Command command) => command.Options.Add(_device);

    /// <summary>Whether a device was named.</summary>
    public bool IsGiven(ParseResult result) => result.GetValue(_device) is not null;

    /// <summary>What the named device sees.</summary>
    /// <exception cref="UsageException">That is no name of a device.</exception>
    /// <exception cref="NoAnswerException">There is no such device, or what it sees is not known.</exception>
    public DeviceView View(ParseResult result, Machine machine)
    {
        DeviceName name = DeviceArguments.Name(machine, result.GetValue(_device)!);
        return DeviceView.Of(machine, name, out string? problem) ?? throw new NoAnswerException(problem!);
    }
}
