using System.Globalization;
using System.Numerics;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Pci;

/// <summary>Follows pci_root_buses to every bus and function.</summary>
internal sealed class PciReader
{
    // 256 buses a domain, and domains enough for every sane machine; each bus has 256 functions.
    private const int MaxBuses = 1 << 16;
    private const int MaxFunctionsOfBus = 256;

    // include/linux/pci.h: six BARs, the ROM, the six of SR-IOV where that is configured, then a bridge's windows.
    private const int RomIndex = 6;
    private const int MaxResources = 64;
    private const ulong UnsetFlag = 0x2000_0000;
    private const ulong DisabledFlag = 0x1000_0000;
    private const ulong SpaceFlags = 0x300;
    private const int AliasWords = 4;
    private const int ConventionalPort = -1;

    // Bit 7 says that the device has several functions.
    private const ulong HeaderLayout = 0x7f;
    private const int MaxFirmwareIds = 256;

    private readonly KernelObjects _objects;
    private readonly PciBusFields _bus;
    private readonly PciDeviceFields _device;
    private readonly int _bridgeWindows;
    private readonly List<string> _damage = [];

    public PciReader(KernelObjects objects)
    {
        _objects = objects;
        _bus = new(objects.Types);
        _device = new(objects.Types);
        _bridgeWindows = (int)(objects.Types.FindEnumerator("PCI_BRIDGE_RESOURCES") ?? RomIndex + 7);
    }

    public PciInventory Read()
    {
        VirtualAddress roots = _objects.Variable("pci_root_buses")
            ?? throw new MissingTypeException("this kernel has no symbol pci_root_buses: no PCI, or no symbols");
        List<PciFunction> functions = [];
        HashSet<ulong> seen = [];
        Queue<VirtualAddress> buses = new(List(roots, _bus.Node, "pci_root_buses"));
        while (buses.TryDequeue(out VirtualAddress bus))
        {
            if (!seen.Add(bus.Value))
            {
                _damage.Add($"bus {bus} is listed twice");
                continue;
            }

            if (seen.Count > MaxBuses)
            {
                _damage.Add($"more than {MaxBuses} buses are listed");
                break;
            }

            ReadBus(bus, functions);
            foreach (VirtualAddress child in List(bus + _bus.Children.Offset, _bus.Node, $"children of bus {bus}"))
            {
                buses.Enqueue(child);
            }
        }

        return new([.. functions.OrderBy(function => function.Address)], _damage);
    }

    private void ReadBus(VirtualAddress bus, List<PciFunction> functions)
    {
        if (NumberOf(bus) is not byte number)
        {
            _damage.Add($"bus {bus} cannot be read");
            return;
        }

        ulong? domain = _bus.SystemData is null || _bus.Domain is null ? null
            : _objects.Pointer(bus, _bus.SystemData) is VirtualAddress data ? _objects.Read(data, _bus.Domain) : null;
        foreach (VirtualAddress device in List(bus + _bus.Devices.Offset, _device.BusList, $"functions of bus {bus}", MaxFunctionsOfBus))
        {
            if (Function(device, (uint?)domain, number, bus) is PciFunction function)
            {
                functions.Add(function);
            }
            else
            {
                _damage.Add($"struct pci_dev {device} of bus {bus} makes no sense");
            }
        }
    }

    // Where the field is not known, the name has it.
    private byte? NumberOf(VirtualAddress bus) => (byte?)_objects.Read(bus, _bus.Number)
        ?? (Pointer(bus, _bus.Name) is VirtualAddress name && PciAddress.TryParse($"{_objects.Text(name, most: 32)}:00.0", out PciAddress address)
            ? address.Bus : null);

    private IReadOnlyList<VirtualAddress> List(VirtualAddress head, Field member, string what, int limit = MaxBuses)
    {
        KernelList list = KernelList.Read(_objects, head, member.Offset, limit);
        if (list.Damage is string damage)
        {
            _damage.Add($"{what}: {damage}");
        }

        return list.Elements;
    }

    private PciFunction? Function(VirtualAddress at, uint? domain, byte bus, VirtualAddress busObject)
    {
        if (_objects.Read(at, _device.DeviceFunction) is not (ulong devfn and <= byte.MaxValue) || _objects.Read(at, _device.Vendor) is not ulong vendor
            || _objects.Read(at, _device.DeviceId) is not ulong device || _objects.Read(at, _device.Class) is not ulong classCode)
        {
            return null;
        }

        PciAddress? named = Named(at);
        PciAddress address = new(domain ?? named?.Domain ?? 0, bus, (byte)devfn);
        if (named is PciAddress name && name != address)
        {
            _damage.Add($"struct pci_dev {at} is named {name} and stands at {address}");
        }

        VirtualAddress? subordinate = Pointer(at, _device.Subordinate);
        VirtualAddress? physicalFunction = Flag(at, _device.IsVirtualFunction) == true ? Pointer(at, _device.PhysicalFunction) : null;
        PciFunction function = new()
        {
            Address = address,
            Object = at,
            Device = at + _device.Device.Offset,
            Vendor = (ushort)vendor,
            DeviceId = (ushort)device,
            SubsystemVendor = (ushort?)_objects.Read(at, _device.SubsystemVendor),
            SubsystemDevice = (ushort?)_objects.Read(at, _device.SubsystemDevice),
            Class = (uint)classCode,
            Revision = (byte?)_objects.Read(at, _device.Revision),
            Driver = Pointer(at, _device.Driver) is VirtualAddress driver && Pointer(driver, _device.DriverName) is VirtualAddress text
                ? _objects.Text(text, most: 64) : null,
            HeaderType = (byte?)(_objects.Read(at, _device.HeaderType) & HeaderLayout),
            PortType = PortType(at),
            Bridge = Pointer(busObject, _bus.Self) is VirtualAddress bridge ? AddressOf(bridge) : null,
            SecondaryBus = subordinate is VirtualAddress behind ? NumberOf(behind) : null,
            LastBus = subordinate is VirtualAddress last ? (byte?)_objects.Read(last, _bus.Last) : null,
            IsBusMaster = Flag(at, _device.IsBusMaster),
            MsiEnabled = Flag(at, _device.MsiEnabled),
            MsixEnabled = Flag(at, _device.MsixEnabled),
            AtsEnabled = Flag(at, _device.AtsEnabled),
            PasidEnabled = Flag(at, _device.PasidEnabled),
            PriEnabled = Flag(at, _device.PriEnabled),
            IsPhysicalFunction = Flag(at, _device.IsPhysicalFunction),
            IsVirtualFunction = Flag(at, _device.IsVirtualFunction),
            PhysicalFunction = physicalFunction is VirtualAddress parent ? AddressOf(parent) : null,
            IsUntrusted = Flag(at, _device.IsUntrusted),
            DmaMask = _objects.Read(at, _device.DmaMask),
            CoherentDmaMask = _objects.Read(at, _device.CoherentDmaMask),
            Quirks = Quirks(at),
            DmaAliases = Aliases(at),
            Resources = Resources(at),
            Iommu = Iommu(at),
        };

        // Whoever has it writes its command register (drivers/vfio/pci/vfio_pci_config.c), which the kernel does not note here.
        return function is { IsDrivenByVfio: true, IsBusMaster: false } ? function with { IsBusMaster = null } : function;
    }

    private bool? Flag(VirtualAddress at, Field? field) => _objects.Read(at, field) is ulong value ? value != 0 : null;

    private VirtualAddress? Pointer(VirtualAddress at, Field? field) => _objects.Pointer(at, field);

    /// <summary>The address that the device's name says, which the kernel made of it when it found the device.</summary>
    private PciAddress? Named(VirtualAddress at) =>
        Pointer(at, _device.Name) is VirtualAddress name && PciAddress.TryParse(_objects.Text(name, most: 32), out PciAddress address) ? address : null;

    // Of another function it is its own name that tells: its bus need not have been read yet.
    private PciAddress? AddressOf(VirtualAddress device) => Named(device);

    // A PCIe function's register is never 0: it has a version.
    private int? PortType(VirtualAddress at) => (_objects.Read(at, _device.ExpressCapability), _objects.Read(at, _device.ExpressFlags)) switch
    {
        (0, _) or (null, 0) => ConventionalPort,
        (_, null) => null,
        (_, ulong register) => (int)((register >> 4) & 0xf),
    };

    private List<string> Quirks(VirtualAddress at)
    {
        List<string> names = [];
        if (_objects.Read(at, _device.Flags) is not (ulong flags and not 0))
        {
            return names;
        }

        IReadOnlyList<Enumerator> known = _objects.Types.Find("pci_dev_flags") is EnumType type ? type.Values : [];
        for (int bit = 0; bit < 16; bit++)
        {
            ulong flag = 1UL << bit;
            if ((flags & flag) != 0)
            {
                string? name = known.FirstOrDefault(value => value.Value == (long)flag).Name;
                names.Add(name ?? string.Create(CultureInfo.InvariantCulture, $"0x{flag:x}"));
            }
        }

        return names;
    }

    private List<byte> Aliases(VirtualAddress at)
    {
        List<byte> aliases = [];
        if (Pointer(at, _device.AliasMask) is VirtualAddress mask)
        {
            for (int word = 0; word < AliasWords; word++)
            {
                ulong bits = _objects.Word(mask + ((ulong)word * sizeof(ulong))) ?? 0;
                for (; bits != 0; bits &= bits - 1)
                {
                    aliases.Add((byte)((word * 64) + BitOperations.TrailingZeroCount(bits)));
                }
            }
        }
        else if (_objects.Types.FindEnumerator("PCI_DEV_FLAGS_DMA_ALIAS_DEVFN") is long flag && (_objects.Read(at, _device.Flags) & (ulong)flag) > 0
            && _objects.Read(at, _device.AliasFunction) is ulong alias)
        {
            aliases.Add((byte)alias);
        }

        return aliases;
    }

    private List<PciResource> Resources(VirtualAddress at)
    {
        List<PciResource> resources = [];
        if (_device.Resources?.Type.Resolved is not ArrayType array || _device.ResourceFlags is null)
        {
            return resources;
        }

        ulong step = array.Element.Bytes;
        bool isBridge = (_objects.Read(at, _device.HeaderType) & HeaderLayout) is 1 or 2;
        for (int i = 0; i < (int)Math.Min(array.Count, MaxResources); i++)
        {
            VirtualAddress entry = at + _device.Resources.Offset + ((ulong)i * step);
            if (_objects.Read(entry, _device.ResourceStart) is ulong start && _objects.Read(entry, _device.ResourceEnd) is ulong end
                && _objects.Read(entry, _device.ResourceFlags) is ulong flags
                && (flags & SpaceFlags) != 0 && (flags & (UnsetFlag | DisabledFlag)) == 0 && start <= end && end != 0)
            {
                resources.Add(new(i, Kind(i, isBridge), new(start), new(end), flags));
            }
        }

        return resources;
    }

    private PciResourceKind Kind(int index, bool isBridge) => index switch
    {
        < RomIndex => PciResourceKind.Bar,
        RomIndex => PciResourceKind.Rom,
        _ when index < _bridgeWindows => PciResourceKind.VirtualFunctionBar,
        _ => isBridge ? PciResourceKind.BridgeWindow : PciResourceKind.Chipset,
    };

    private PciIommu Iommu(VirtualAddress at)
    {
        VirtualAddress? group = Pointer(at, _device.Group);
        VirtualAddress? data = Pointer(at, _device.Iommu);
        VirtualAddress? specification = data is VirtualAddress own && _device.FirmwareSpec is not null ? Pointer(own, _device.FirmwareSpec)
            : Pointer(at, _device.DeviceFirmwareSpec);
        List<uint> ids = [];
        if (specification is VirtualAddress spec && _device.FirmwareIds is Field first && _objects.Read(spec, _device.FirmwareIdCount) is ulong count)
        {
            for (ulong i = 0; i < Math.Min(count, MaxFirmwareIds) && _objects.Number(spec + first.Offset + (i * sizeof(uint)), sizeof(uint)) is ulong id; i++)
            {
                ids.Add((uint)id);
            }
        }

        return new()
        {
            Group = group,
            GroupId = group is VirtualAddress known ? (uint?)_objects.Read(known, _device.GroupId) : null,
            DeviceData = data,
            Unit = data is VirtualAddress kept ? Pointer(kept, _device.IommuUnit) : null,
            DriverData = data is VirtualAddress holder && Pointer(holder, _device.IommuPrivate) is VirtualAddress driverData ? driverData
                : Pointer(at, _device.ArchitectureIommu),
            FirmwareIds = ids,
        };
    }
}
