using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Testing.Kernel;

/// <summary>
/// Gives a built kernel PCI functions, vmalloc areas and a module in 3.16's way: a struct device that begins with its parent, resources without desc, areas
/// with flags, symbols in struct module itself. Gaps between fields are of any size; what lies there is noise.
/// </summary>
public sealed class DeviceObjectsBuilder
{
    /// <summary>Symbols that it writes at.</summary>
    public static readonly IReadOnlyList<string> Symbols = ["pci_root_buses", "pci_bus_type", "vmap_area_list", "modules"];

    private const ulong Pool = 220UL << 20;
    private const int ResourceBytes = 56;
    private const int NamedResources = 7;
    private const int FirstWindow = 13;
    private const int ObjectBytes = 4096;
    private const ulong KernelObject = 16; // in struct device

    private readonly PhysicalMemoryBuilder _memory;
    private readonly BuiltKernel _kernel;
    private readonly Random _random;
    private readonly Dictionary<(string Structure, string Field), int> _fields = [];
    private ulong _next = Pool;

    /// <summary>A builder.</summary>
    /// <param name="memory">Where the kernel was built.</param>
    /// <param name="kernel">The kernel, with <see cref="Symbols"/> among its places.</param>
    /// <param name="seed">Of the gaps.</param>
    public DeviceObjectsBuilder(PhysicalMemoryBuilder memory, BuiltKernel kernel, int seed)
    {
        _memory = memory;
        _kernel = kernel;
        _random = new(seed);
        int devfn = 56 + Gap(3);
        int device = devfn + 64 + Gap(8);
        int bus = 16 + 64 + Gap(6);
        foreach ((string structure, string field, int at) in new[]
        {
            ("pci_bus", "node", 0), ("pci_bus", "children", 24), ("pci_bus", "devices", 40), ("pci_bus", "self", 56), ("pci_bus", "busn_res", 128 + Gap(2)),
            ("pci_bus", "dev", 320 + Gap(8)),
            ("pci_dev", "bus_list", 0), ("pci_dev", "bus", 16), ("pci_dev", "subordinate", 24), ("pci_dev", "devfn", devfn), ("pci_dev", "vendor", devfn + 4),
            ("pci_dev", "class", devfn + 12),
            ("pci_dev", "hdr_type", devfn + 17), ("pci_dev", "pcie_flags_reg", devfn + 24 + (2 * _random.Next(8))), ("pci_dev", "dev", device),
            ("pci_dev", "resource", device + 512 + Gap(8)),
            ("device", "parent", 0), ("device", "kobj", (int)KernelObject), ("device", "bus", bus), ("device", "driver", bus + 8),
            ("device", "iommu_group", bus + 64 + Gap(16)), ("iommu_group", "id", 96 + Gap(8)),
            ("vmap_area", "va_start", 0), ("vmap_area", "flags", 16), ("vmap_area", "list", 48), ("vmap_area", "vm", 80), ("vm_struct", "addr", 8),
            ("vm_struct", "nr_pages", 40), ("vm_struct", "caller", 56),
            ("module", "list", 8), ("module", "name", 24), ("module", "symtab", 240 + Gap(20)),
        })
        {
            _fields[(structure, field)] = at;
        }
    }

    /// <summary>Every structure and field whose place the data tell, with its offset in bytes.</summary>
    public IEnumerable<(string Structure, string Field, int Offset)> Fields => _fields.Select(pair => (pair.Key.Structure, pair.Key.Field, pair.Value));

    /// <summary>Writes a host bridge, a network card, and a disk behind a root port; areas; a module.</summary>
    public void Build()
    {
        ulong host = Noise(512);
        Set(host, ("device", "kobj"), Text("pci0000:00"));
        ulong root = Bus(0, null, 0xff);
        ulong behind = Bus(1, root, 1);
        ulong network = Driver("e1000", [0x8086, 0x100e, uint.MaxValue, uint.MaxValue, 0, 0]);
        ulong disk = Driver("nvme", [uint.MaxValue, uint.MaxValue, uint.MaxValue, uint.MaxValue, 0x01_0802, 0xff_ffff]);
        ulong bridge = Function(root, 0, 1, host, 0x1b36, 0x000c, 0x06_0400, 1, 0x42, 0, 2);
        ulong[] onRoot = [Function(root, 0, 0, host, 0x8086, 0x29c0, 0x06_0000, 0, 0, 0, 0), bridge,
            Function(root, 0, 2, host, 0x8086, 0x100e, 0x02_0000, 0, 0, network, 1)];
        ulong[] onBehind = [Function(behind, 1, 0, bridge + (ulong)_fields[("pci_dev", "dev")], 0x1b36, 0x0010, 0x01_0802, 0, 0x02, disk, 7)];
        Set(bridge, ("pci_dev", "subordinate"), behind);
        Set(behind, ("pci_bus", "self"), bridge);
        for (int i = 0; i < 4; i++)
        {
            Word(behind + 80 + (ulong)(i * 8), bridge + (ulong)(_fields[("pci_dev", "resource")] + ((FirstWindow + i) * ResourceBytes)));
        }

        ulong heads = _kernel.Places["pci_root_buses"].Value;
        Link([heads, root]);
        Link([root + 24, behind]);
        Link([behind + 24]);
        Link([root + 40, .. onRoot]);
        Link([behind + 40, .. onBehind]);
        Areas();
        Module();
    }

    private ulong Bus(int number, ulong? above, int last)
    {
        ulong bus = Noise(1024);
        Word(bus + 16, above ?? 0);
        Set(bus, ("pci_bus", "self"), 0);
        Resource(bus + (ulong)_fields[("pci_bus", "busn_res")], (ulong)number, (ulong)last, 0, 0x1000);
        Set(bus, ("pci_bus", "dev"), Text($"0000:{number:x2}"), KernelObject);
        return bus;
    }

    private ulong Function(ulong bus, int busNumber, int device, ulong parent, ushort vendor, ushort id, uint classCode, byte header, ushort express,
        ulong driver, int group)
    {
        ulong function = Noise(ObjectBytes);
        ulong name = Text($"0000:{busNumber:x2}:{device:x2}.0");
        Set(function, ("pci_dev", "bus"), bus);
        Set(function, ("pci_dev", "subordinate"), 0);
        byte[] numbers = new byte[18];
        BitConverter.GetBytes(device << 3).CopyTo(numbers, 0);
        BitConverter.GetBytes(vendor).CopyTo(numbers, 4);
        BitConverter.GetBytes(id).CopyTo(numbers, 6);
        BitConverter.GetBytes(classCode).CopyTo(numbers, 12);
        numbers[17] = header;
        _memory.Write(Physical(function + (ulong)_fields[("pci_dev", "devfn")]), numbers);
        _memory.Write(Physical(function + (ulong)_fields[("pci_dev", "pcie_flags_reg")]), BitConverter.GetBytes(express));
        ulong its = function + (ulong)_fields[("pci_dev", "dev")];
        Set(its, ("device", "parent"), parent);
        Set(its, ("device", "kobj"), name);
        ulong neighbour = Noise(64);
        Link([its + KernelObject + 8, neighbour]);
        Set(its, ("device", "kobj"), parent + KernelObject, 24);
        Set(its, ("device", "bus"), _kernel.Places["pci_bus_type"].Value);
        Set(its, ("device", "driver"), driver);
        ulong ofGroup = Noise(256);
        Word(ofGroup, Text($"{group}"));
        _memory.Write(Physical(ofGroup + (ulong)_fields[("iommu_group", "id")]), BitConverter.GetBytes(group));
        Set(its, ("device", "iommu_group"), ofGroup);
        for (int i = 0; i < 17; i++)
        {
            ulong at = function + (ulong)(_fields[("pci_dev", "resource")] + (i * ResourceBytes));
            bool isNamed = i < (header == 1 ? 2 : NamedResources - 1) || i == NamedResources - 1;
            Resource(at, i == 0 ? 0xfe00_0000UL + ((ulong)device << 16) : 0, i == 0 ? 0xfe00_ffffUL + ((ulong)device << 16) : 0, isNamed ? name : 0,
                i == 0 ? 0x4_0200UL : 0);
        }

        return function;
    }

    private ulong Driver(string name, uint[] id)
    {
        // struct pci_driver is static, and has its table of ids before its struct device_driver.
        ulong table = _kernel.Places["pci_bus_type"].Value + 0x100 + (ulong)(name.Length * 0x100);
        _memory.Write(Physical(table), [.. id.SelectMany(BitConverter.GetBytes), .. new byte[40]]);
        ulong driver = table + 0xc0;
        Word(driver - 0x40, table);
        Word(driver, Text(name));
        Word(driver + 8, _kernel.Places["pci_bus_type"].Value);
        return driver;
    }

    private void Areas()
    {
        const ulong Start = 0xffff_c900_0000_0000;
        List<ulong> links = [_kernel.Places["vmap_area_list"].Value];
        for (ulong i = 0; i < 6; i++)
        {
            ulong area = Noise(128);
            ulong structure = Noise(64);
            ulong bytes = (i + 2) * PageFrame.Size;
            Word(area, Start + (i << 16));
            Word(area + 8, Start + (i << 16) + bytes);
            bool has = i != 3;
            Set(area, ("vmap_area", "flags"), has ? 4UL : 0);
            Set(area, ("vmap_area", "vm"), has ? structure : 0);
            links.Add(area + 48);
            Word(structure + 8, Start + (i << 16));
            Word(structure + 16, bytes);
            Word(structure + 24, i == 0 ? 1UL : 2);
            Word(structure + 32, i == 0 ? 0 : Noise(64));
            Word(structure + 40, i == 0 ? 0 : i + 1);
            Word(structure + 48, i == 0 ? 0xfed0_0000UL : 0);
            Word(structure + 56, _kernel.Places["_stext"].Value + 0x123);
        }

        Link([.. links]);
    }

    private void Module()
    {
        ulong[] modules = [Noise(1024), Noise(1024)];
        for (int i = 0; i < modules.Length; i++)
        {
            Word(modules[i], 0);
            byte[] name = new byte[56];
            Encoding.ASCII.GetBytes($"module_{i}").CopyTo(name, 0);
            _memory.Write(Physical(modules[i] + 24), name);
            ulong symbols = Noise(24 * 3);
            ulong strings = Noise(64);
            _memory.Write(Physical(strings), Encoding.ASCII.GetBytes("\0probe\0remove\0"));
            _memory.Write(Physical(symbols), new byte[24]);
            Word(symbols + 24, 0x74_0000_0001);
            Word(symbols + 48, 0x74_0000_0007);
            ulong at = modules[i] + (ulong)_fields[("module", "symtab")];
            Word(at, symbols);
            Word(at + 8, symbols);
            Word(at + 16, 3);
            Word(at + 24, strings);
            Word(at + 32, strings);
        }

        Link([_kernel.Places["modules"].Value, .. modules.Select(module => module + 8)]);
    }

    private void Resource(ulong at, ulong start, ulong end, ulong name, ulong flags)
    {
        ulong[] words = [start, end, name, flags, 0, 0, 0];
        for (int i = 0; i < words.Length; i++)
        {
            Word(at + (ulong)(i * sizeof(ulong)), words[i]);
        }
    }

    private int Gap(int words) => _random.Next(words) * sizeof(ulong);

    private ulong Text(string text)
    {
        ulong at = Noise(64);
        _memory.Write(Physical(at), Encoding.ASCII.GetBytes(text + '\0'));
        return at;
    }

    private ulong Noise(int bytes)
    {
        byte[] noise = new byte[bytes];
        _random.NextBytes(noise);
        for (int i = 7; i < bytes; i += 8)
        {
            noise[i] &= 0x3f;
        }

        ulong at = _kernel.Made.PageOffset + _next;
        _next += (ulong)bytes;
        _memory.Write(Physical(at), noise);
        return at;
    }

    private void Link(ulong[] heads)
    {
        for (int i = 0; i < heads.Length; i++)
        {
            Word(heads[i], heads[(i + 1) % heads.Length]);
            Word(heads[i] + 8, heads[(i + heads.Length - 1) % heads.Length]);
        }
    }

    private void Set(ulong instance, (string, string) field, ulong value, ulong inside = 0) => Word(instance + (ulong)_fields[field] + inside, value);

    private void Word(ulong at, ulong value) => _memory.Write(Physical(at), value);

    private PhysicalAddress Physical(ulong address) =>
        address - _kernel.Made.PageOffset < _kernel.Made.Ram[^1].Last.Value ? new(address - _kernel.Made.PageOffset) : _kernel.Made.ToPhysical(new(address));
}
