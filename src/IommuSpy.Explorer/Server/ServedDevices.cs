using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Catalogue;

namespace IommuSpy.Explorer.Server;

/// <summary>Devices as requests name them.</summary>
internal static class ServedDevices
{
    /// <summary>The device of a name, as answers spell it.</summary>
    /// <exception cref="QuestionException">The machine has no such device.</exception>
    public static MachineDevice Of(Machine machine, string name) =>
        machine.Devices.Devices.FirstOrDefault(device => string.Equals(device.Address.ToString(), name, StringComparison.Ordinal))
            ?? throw new QuestionException($"this machine has no device '{name}'");
}
