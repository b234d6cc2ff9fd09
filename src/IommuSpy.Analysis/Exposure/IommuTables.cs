using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.SmmuV3;

namespace IommuSpy.Analysis.Exposure;

/// <summary>
/// Which page frames hold tables of IOMMUs: those by which devices are looked up, those that translate, those that remap interrupts; and which their queues.
/// </summary>
internal sealed class IommuTables
{
    // 4 GiB of tables.
    private const int MaxTables = 1 << 20;

    // VT-d: 65536 entries of 16 bytes at the most. Linux always makes that many (drivers/iommu/intel/irq_remapping.h, INTR_REMAP_TABLE_ENTRIES).
    private const ulong InterruptTableBytes = 1 << 20;
    private const int AmdInterruptEntryBytes = 16;

    private readonly Dictionary<ulong, string> _tables = [];
    private readonly Dictionary<ulong, string> _queues = [];

    public IommuTables(Machine machine)
    {
        foreach (IommuUnit unit in machine.Parts.Iommu.Units)
        {
            AddUnit(unit);
        }

        foreach (ReachSpace space in machine.DeviceReach.Spaces)
        {
            AddSpace(space.Space, $"tables of {Findings.Name(Findings.DevicesOf(space)[0])}");
        }
    }

    /// <summary>Which table a page frame holds; null for none.</summary>
    public string? In(PageFrame frame) => _tables.GetValueOrDefault(frame.Number);

    /// <summary>Which queue a page frame holds; null for none.</summary>
    public string? QueueIn(PageFrame frame) => _queues.GetValueOrDefault(frame.Number);

    private void AddUnit(IommuUnit unit)
    {
        string name = DeviceReport.NameOf(unit);
        if (unit.Tables is AmdViDeviceTables devices)
        {
            Add(devices.Root, (ulong)devices.Bytes, $"device table of {name}");
        }
        else if (unit.Tables is SmmuV3StreamTables streams)
        {
            Add(streams.Root, streams.RootBytes, $"stream table of {name}");
        }
        else if (unit.Tables is IDeviceTables tables)
        {
            Add(tables.Root, PageFrame.Size, $"root table of {name}");
        }

        foreach (DeviceContext context in unit.Contexts)
        {
            Add(new(context.EntryAddress.Value & ~(ulong)(PageFrame.Size - 1)), PageFrame.Size,
                unit.Kind switch
                {
                    IommuKind.VtD => $"context or PASID table of {name}",
                    IommuKind.AmdVi => $"device table of {name}",
                    _ => $"stream table of {name}",
                });
            if (unit.Kind == IommuKind.AmdVi && context.Entry.Count == AmdViDeviceEntry.Words
                && AmdViDeviceEntry.InterruptTable(context.Entry) is (PhysicalAddress table, int count))
            {
                Add(table, (ulong)count * AmdInterruptEntryBytes, $"interrupt remapping table of {name}");
            }
        }

        foreach (IommuQueue queue in unit.Queues)
        {
            foreach (PageFrame frame in queue.Frames)
            {
                _queues.TryAdd(frame.Number, $"{queue.Name} of {name}");
            }
        }

        if (unit.InterruptTable is PhysicalAddress interrupts)
        {
            Add(interrupts, InterruptTableBytes, $"interrupt remapping table of {name}");
        }
    }

    private void AddSpace(IoAddressSpace space, string what)
    {
        Collector collector = new(this, what);
        space.VisitTables(ref collector);
    }

    private void Add(PhysicalAddress start, ulong bytes, string what)
    {
        for (ulong at = 0; at < bytes && _tables.Count < MaxTables; at += PageFrame.Size)
        {
            _tables.TryAdd((start + at).Frame.Number, what);
        }
    }

    private readonly struct Collector(IommuTables owner, string what) : ITableVisitor
    {
        public void Table(ulong address, int level, PhysicalAddress table) => owner.Add(table, PageFrame.Size, what);
    }
}
