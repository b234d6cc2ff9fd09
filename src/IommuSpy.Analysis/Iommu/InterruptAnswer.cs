using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Analysis.Iommu;

/// <summary>One interrupt that an IOMMU remaps, for showing.</summary>
/// <param name="Unit">The kernel's name for the unit.</param>
/// <param name="Index">The entry's number in its table.</param>
/// <param name="Device">The device that may use it; null where any may.</param>
/// <param name="Vector">The CPU's vector; of a posted one, the guest's.</param>
/// <param name="Destination">APIC ID or logical destination.</param>
/// <param name="Mode">"physical", "logical" or "posted".</param>
/// <param name="Delivery">"fixed", "lowest priority"...</param>
/// <param name="Trigger">"edge" or "level"; null where the entry does not say.</param>
/// <param name="PostedTo">Of a posted one, its descriptor or the guest's virtual APIC page.</param>
/// <param name="EntryAddress">Where the entry stands.</param>
/// <param name="Entry">Its quadwords.</param>
public sealed record InterruptAnswer(
    string? Unit, int Index, string? Device, int Vector, HexValue? Destination, string Mode, string Delivery, string? Trigger, PhysicalAddress? PostedTo,
    PhysicalAddress EntryAddress, IReadOnlyList<HexValue> Entry)
{
    // enum in drivers/iommu/amd/amd_iommu_types.h: AMD_IOMMU_GUEST_IR_LEGACY has short entries, the others long ones.
    private const string AmdEntryFormat = "amd_iommu_guest_ir";

    /// <summary>Every entry in use, unit by unit.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="absences">Receives why a unit's entries are not there.</param>
    public static IReadOnlyList<InterruptAnswer> Of(Machine machine, ICollection<string> absences)
    {
        List<InterruptAnswer> answers = [];
        foreach (IommuUnit unit in machine.Parts.Iommu.Units)
        {
            string name = unit.Name ?? $"{IommuUnitAnswer.KindText(unit.Kind)} at {unit.Registers?.ToString() ?? unit.Tables?.Root.ToString() ?? "?"}";
            if (unit.RemapsInterrupts == false)
            {
                absences.Add($"{name}: interrupt remapping is off: any device can send any interrupt");
            }
            else if (unit.Kind == IommuKind.VtD && unit.InterruptTable is null)
            {
                absences.Add($"{name}: where its interrupt remapping table is, only the kernel's objects tell, and they do not");
            }
            else
            {
                answers.AddRange(EntriesOf(machine, unit).Select(entry => Of(unit, entry)));
            }
        }

        return answers;
    }

    /// <summary>The entries of one unit that are in use; none where its tables are not known.</summary>
    internal static IReadOnlyList<InterruptEntry> EntriesOf(Machine machine, IommuUnit unit) => unit switch
    {
        { Kind: IommuKind.VtD, InterruptTable: PhysicalAddress table } => VtdInterruptTable.Read(machine.Kernel.Memory, table, segment: unit.Segment),
        { Tables: AmdViDeviceTables tables } => [.. AmdVi(machine, unit, tables)],
        _ => [],
    };

    private static IEnumerable<InterruptEntry> AmdVi(Machine machine, IommuUnit unit, AmdViDeviceTables tables)
    {
        PhysicalMemory memory = machine.Kernel.Memory;
        ulong mask = machine.Kernel.Facts.EntryMask.Value;
        List<(RequesterId Source, PhysicalAddress Table, int Count)> found = [];
        for (int device = 0; device < tables.Entries; device++)
        {
            RequesterId requester = new(unit.Segment, (ushort)device);
            if (tables.EntryOf(requester) is { } entry && AmdViDeviceEntry.InterruptTable(entry) is (PhysicalAddress table, int count)
                && memory.Contains(new(table.Value & mask)))
            {
                found.Add((requester, new(table.Value & mask), count));
            }
        }

        // One register chooses the format for all of a unit's tables; the kernel's variable says what it wrote there.
        bool isLong = EntryFormat(machine)
            ?? found.Select(one => AmdViInterruptTable.IsLong(memory, one.Table, one.Count)).FirstOrDefault(said => said is not null) ?? true;
        return found.SelectMany(one => AmdViInterruptTable.Read(memory, one.Table, one.Count, isLong, one.Source));
    }

    private static bool? EntryFormat(Machine machine)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        return machine.Symbols is SymbolTable symbols && symbols.TryFind(AmdEntryFormat, out Symbol symbol)
            && machine.Kernel.Space.Read(symbol.Address, value) == sizeof(int)
            ? System.Buffers.Binary.BinaryPrimitives.ReadInt32LittleEndian(value) != 0
            : null;
    }

    private static InterruptAnswer Of(IommuUnit unit, InterruptEntry entry) => new(
        unit.Name, entry.Index, entry.Source?.ToString(), entry.Vector, entry.Destination is uint destination ? new(destination) : null,
        entry.PostedTo is not null ? "posted" : entry.IsLogical ? "logical" : "physical",
        entry.Delivery switch { 0 => "fixed", 1 => "lowest priority", 2 => "SMI", 4 => "NMI", 5 => "INIT", 7 => "ExtINT", _ => "reserved" },
        entry.IsLevel is bool level ? (level ? "level" : "edge") : null, entry.PostedTo, entry.Address, [.. entry.Entry.Select(word => new HexValue(word))]);
}
