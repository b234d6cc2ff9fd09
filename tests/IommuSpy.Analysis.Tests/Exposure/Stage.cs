using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Analysis.Tests.Exposure;

/// <summary>A small machine with one VT-d unit, and devices with second-stage tables of their own.</summary>
internal sealed class Stage : IDisposable
{
    public const ulong MemoryBytes = 64 << 20;
    public const AccessRights ReadWrite = AccessRights.Read | AccessRights.Write;
    public const uint NetworkClass = 0x020000;

    private readonly PhysicalMemoryBuilder _memory = new PhysicalMemoryBuilder().AddRam(new(0), MemoryBytes);
    private readonly List<(RequesterId Address, PciFunction Function, DmaMode Mode, DomainKind? Kind, bool? Strict,
        PhysicalAddress Root, FirmwareMemory[] Reserved, bool DeviceTlb, bool Served, ulong[] Entry, int? Pasid, uint Group)> _devices = [];
    private ulong _nextTable = 0x3000_000;
    private BuiltMemory? _built;

    public FakeFacts Facts { get; } = new();

    public IommuUnit Unit { get; set; } = new()
    {
        Kind = IommuKind.VtD,
        Name = "dmar0",
        Mode = IommuMode.Legacy,
        FoundBy = ["test"],
        Translating = true,
        RemapsInterrupts = true
    };

    /// <summary>A network card "00:NN.0" with tables; gives the root of those.</summary>
    public PhysicalAddress Device(
        int number, DmaMode mode = DmaMode.Translated, DomainKind? kind = DomainKind.Dma, bool? strict = true, uint code = NetworkClass, bool? busMaster = true,
        bool untrusted = false,
        bool? ats = false, bool served = true, bool deviceTlb = false, ulong[]? entry = null, int? pasid = null, string? driver = "e1000e", uint group = 1,
        params FirmwareMemory[] reserved)
    {
        PhysicalAddress root = Table();
        RequesterId address = new(0, number, 0);
        PciFunction function = new()
        {
            Address = new(0, 0, (byte)(number << 3)),
            Object = new(0xffff_8880_0000_0000),
            Device = new(0xffff_8880_0000_0100),
            Vendor = 0x8086,
            DeviceId = 0x10d3,
            Class = code,
            Driver = driver,
            IsBusMaster = busMaster,
            IsUntrusted = untrusted,
            AtsEnabled = ats,
            Iommu = new(),
        };
        _devices.Add((address, function, mode, kind, strict, root, reserved, deviceTlb, served, entry ?? [1], pasid, group));
        return root;
    }

    /// <summary>Maps pages in tables.</summary>
    public void Map(PhysicalAddress root, ulong iova, ulong physical, AccessRights rights = ReadWrite, int pages = 1)
    {
        for (ulong i = 0; i < (ulong)pages; i++)
        {
            ulong address = iova + (i << 12);
            PhysicalAddress table = root;
            for (int level = 3; level > 1; level--)
            {
                PhysicalAddress at = new(table.Value + (((address >> (12 + (9 * (level - 1)))) & 511) * 8));
                ulong next = _memory.ReadWord(at);
                if (next == 0)
                {
                    next = Table().Value | 3;
                    _memory.Write(at, next);
                }

                table = new(next & ~0xfffUL);
            }

            ulong bits = (rights.HasFlag(AccessRights.Read) ? 1UL : 0) | (rights.HasFlag(AccessRights.Write) ? 2UL : 0);
            _memory.Write(new(table.Value + (((address >> 12) & 511) * 8)), (physical + (i << 12)) | bits);
        }
    }

    /// <summary>A slab page of kmalloc-2k with its objects in the states given.</summary>
    public SlabPages Slab(ulong frame, params SlabObjectState[] states)
    {
        SlabCache cache = new(new(0xffff_8880_0001_0000), "kmalloc-2k", 2048, 2048, 2, 0, 1, 2, 2, 0, 1024, 0, null, HasConstructor: false, null);
        VirtualAddress start = new(0xffff_8880_0000_0000 + (frame << 12));
        SlabPages slab = new(cache, new(frame), 0, start, [.. states.Select((state, i) => new SlabObject(start + ((ulong)i * 2048), i, state))], null, null);
        Facts.Pages[frame] = new() { What = "slab: kmalloc-2k", Slab = slab };
        return slab;
    }

    /// <summary>What rules look at.</summary>
    public ExposureScene Build(WorkBudget? budget = null)
    {
        _built = _memory.Build(Backing.Mapped);
        PhysicalMemory memory = _built.Memory;
        IommuUnit unit = Unit with { Tables = Unit.Mode == IommuMode.None ? null : new VtdDeviceTables(memory, new(0x10_0000), scalable: false) };
        List<MachineDevice> devices = [];
        foreach (var device in _devices)
        {
            IoAddressSpace? space = device.Mode == DmaMode.Translated ? new(memory, IoTableFormat.VtdSecondStage, device.Root, 3) : null;
            DeviceContext context = new(
                device.Address, device.Pasid, device.Mode, 5, space, device.Mode is DmaMode.Translated or DmaMode.PassThrough ? ReadWrite : AccessRights.None,
                new(0x20_0000), device.Entry, device.DeviceTlb, null);
            IommuDomain? domain = device.Kind is DomainKind kind
                ? new(new(0xffff_8880_0002_0000), kind, kind == DomainKind.Dma ? device.Strict == true ? 3u : 0xbu : 0, device.Strict) : null;
            devices.Add(new()
            {
                Address = device.Address,
                Function = device.Function,
                Requesters = [device.Address],
                Unit = device.Served ? unit : null,
                Contexts = device.Served ? [context] : [],
                Group = domain is null ? null : new(device.Group, new(0xffff_8880_0003_0000), domain, domain, [], null),
                ReservedRegions = device.Reserved,
            });
        }

        return new([unit], DeviceReach.Of(devices, budget), Facts, MemoryBytes, budget);
    }

    public void Dispose() => _built?.Dispose();

    private PhysicalAddress Table()
    {
        PhysicalAddress table = new(_nextTable);
        _memory.Write(table, 0UL);
        _nextTable += PageFrame.Size;
        return table;
    }
}
