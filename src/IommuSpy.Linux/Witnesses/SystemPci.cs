using System.Buffers.Binary;
using System.Globalization;
using IommuSpy.Linux.Pci;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Witnesses;

/// <summary>
/// PCI functions as the kernel shows them in /sys/bus/pci/devices: where nothing describes its own structures of them. Their <see cref="PciFunction.Object"/>
/// and
/// <see cref="PciFunction.Device"/> are 0, since sysfs does not tell where those are.
/// </summary>
internal static class SystemPci
{
    private const string Devices = "sys/bus/pci/devices";
    private const int BarsOfHeader = 6;
    private const int RomIndex = 6;
    private const int CommandAt = 4;
    private const int StatusAt = 6;
    private const int HeaderTypeAt = 0xe;
    private const int SecondaryBusAt = 0x19;
    private const int LastBusAt = 0x1a;
    private const int FirstCapabilityAt = 0x34;
    private const byte ExpressCapability = 0x10;
    private const int ConventionalPort = -1;

    /// <summary>Every function; null where sysfs shows none.</summary>
    internal static PciInventory? Read(SystemFiles files)
    {
        List<PciFunction> functions = [];
        foreach (string name in files.Names(Devices))
        {
            if (PciAddress.TryParse(name, out PciAddress address) && Number(files, $"{Devices}/{name}/vendor") is ulong vendor
                && Number(files, $"{Devices}/{name}/device") is ulong device)
            {
                functions.Add(Function(files, $"{Devices}/{name}", address, (ushort)vendor, (ushort)device));
            }
        }

        functions.Sort((one, other) => one.Address.CompareTo(other.Address));
        return functions.Count > 0 ? new(functions, []) : null;
    }

    private static PciFunction Function(SystemFiles files, string path, PciAddress address, ushort vendor, ushort device)
    {
        ReadOnlySpan<byte> config = files.Read($"{path}/config");
        byte? header = config.Length > HeaderTypeAt ? (byte)(config[HeaderTypeAt] & 0x7f) : null;
        bool isBridge = header == 1 && config.Length > LastBusAt;
        return new()
        {
            Address = address,
            Object = default,
            Device = default,
            Vendor = vendor,
            DeviceId = device,
            SubsystemVendor = (ushort?)Number(files, $"{path}/subsystem_vendor"),
            SubsystemDevice = (ushort?)Number(files, $"{path}/subsystem_device"),
            Class = (uint)(Number(files, $"{path}/class") ?? 0),
            Revision = (byte?)Number(files, $"{path}/revision"),
            Driver = LastPart(files.Link($"{path}/driver")),
            HeaderType = header,
            PortType = PortType(config),
            Bridge = files.Link(path)?.Split('/') is [.., string parent, _] && PciAddress.TryParse(parent, out PciAddress bridge) ? bridge : null,
            SecondaryBus = isBridge ? config[SecondaryBusAt] : null,
            LastBus = isBridge ? config[LastBusAt] : null,
            IsBusMaster = config.Length > CommandAt ? (config[CommandAt] & 4) != 0 : null,
            PhysicalFunction = PciAddress.TryParse(LastPart(files.Link($"{path}/physfn")), out PciAddress physical) ? physical : null,
            IsVirtualFunction = files.Link($"{path}/physfn") is not null,
            Resources = Resources(files.Text($"{path}/resource") ?? "", isBridge),
            Iommu = new()
            {
                GroupId = uint.TryParse(LastPart(files.Link($"{path}/iommu_group")), NumberStyles.None, CultureInfo.InvariantCulture, out uint group) ? group
                    : null
            },
        };
    }

    // PCI Local Bus 3.0, 6.7; PCI Express 7.5.3.2: the port's type is in bits 4-7 of the capability's register. An ordinary user is shown the first 64 bytes
    // alone, which hold no capability.
    private static int? PortType(ReadOnlySpan<byte> config)
    {
        if (config.Length < 256)
        {
            return null;
        }

        int at = (config[StatusAt] & 0x10) != 0 ? config[FirstCapabilityAt] & ~3 : 0;
        for (int steps = 0; at >= 0x40 && steps < 48; steps++)
        {
            if (config[at] == ExpressCapability)
            {
                return (BinaryPrimitives.ReadUInt16LittleEndian(config[(at + 2)..]) >> 4) & 0xf;
            }

            at = config[at + 1] & ~3;
        }

        return ConventionalPort;
    }

    // A line for each of pci_dev.resource: first, last, flags (drivers/pci/pci-sysfs.c, resource_show).
    private static List<PciResource> Resources(string text, bool isBridge)
    {
        List<PciResource> resources = [];
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Split(' ') is [string first, string last, string flags] && Hex(first) is ulong start && Hex(last) is ulong end
                && Hex(flags) is ulong bits && end > start)
            {
                PciResourceKind kind = i < BarsOfHeader ? PciResourceKind.Bar
                    : i == RomIndex ? PciResourceKind.Rom : isBridge ? PciResourceKind.BridgeWindow : PciResourceKind.VirtualFunctionBar;
                resources.Add(new(i, kind, new(start), new(end), bits));
            }
        }

        return resources;
    }

    private static ulong? Number(SystemFiles files, string path) => files.Text(path) is string text ? Hex(text) : null;

    private static ulong? Hex(string text) =>
        text.StartsWith("0x", StringComparison.Ordinal)
            && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null;

    private static string? LastPart(string? link) => link?[(link.LastIndexOf('/') + 1)..];
}
