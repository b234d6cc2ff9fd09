using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;

namespace IommuSpy.Linux.Iommu;

/// <summary>Finds the IOMMUs of a machine by several ways, and joins what they say of the same one.</summary>
/// <param name="kernel">The kernel.</param>
/// <param name="objects">Reads its objects; null where nothing describes its types.</param>
/// <param name="absence">Why nothing describes the types.</param>
/// <param name="files">What the machine says of itself; null where nothing is known.</param>
/// <param name="scan">Whether memory is searched for tables though everything else tells where they are.</param>
internal sealed class IommuDiscovery(LinuxKernel kernel, KernelObjects? objects, string? absence, SystemFiles? files, bool scan)
{
    /// <summary>How tables that a scan found are named among the ways.</summary>
    public const string ScanName = "scan of memory";

    private readonly List<string> _disagreements = [];
    private readonly TableCheck _check = new(kernel.Memory, kernel.Facts.EntryMask.Value);

    /// <summary>Everything that was found of IOMMUs.</summary>
    public IommuReport Find()
    {
        AcpiTables acpi = AcpiTables.Find(kernel, objects, files);
        List<IommuUnit> units = [];
        string? objectsAbsence = absence;
        if (objects is not null)
        {
            try
            {
                units.AddRange(new IommuObjects(objects, _check).Units());
            }
            catch (MissingTypeException missing)
            {
                objectsAbsence = missing.Message;
            }
        }

        IReadOnlyList<SystemIommu> shown = files is null ? [] : [.. SystemIommu.All(files)];

        JoinRegisters(units, shown, acpi);

        if (scan || NothingLeadsToTables(units, isThere: shown.Count > 0 || acpi.Dmar is not null || acpi.Ivrs is not null, objectsAbsence))
        {
            JoinScan(units, new IommuScan(kernel.Memory, kernel.Facts.EntryMask.Value).Find());
        }
        else if (files is not RunningFiles)
        {
            CheckShapes(units);
        }

        JoinFirmware(units, acpi);
        JoinSystem(units, shown);
        return new([.. units.Select(WithContexts)], acpi.Dmar, acpi.Ivrs, _disagreements, objectsAbsence);
    }

    // A scan reads all of memory. It is for an IOMMU of whose tables nothing else tells; and in an image also for one that nobody could have told of.
    private bool NothingLeadsToTables(List<IommuUnit> units, bool isThere, string? objectsAbsence)
    {
        if (units.Exists(unit => unit.Tables is not null))
        {
            return false;
        }

        return units.Count > 0 ? !units.TrueForAll(unit => unit.Translating == false)
            : isThere || (files is not RunningFiles && (objects is null || objectsAbsence is not null || !IommuObjects.CanBeFound(objects)));
    }

    // What names tables is believed; where they do not have the shape of what they are called, that is said.
    private void CheckShapes(List<IommuUnit> units)
    {
        foreach (IommuUnit unit in units.Where(unit => unit.Tables is not null))
        {
            IDeviceTables tables = unit.Tables!;
            IommuMode? shape = _check.ModeOf(tables);
            if (shape is null && HasTranslation(tables))
            {
                _disagreements.Add(DoesNotVerify(unit, tables));
            }
            else if (shape is IommuMode mode && mode != unit.Mode)
            {
                _disagreements.Add(LooksLike(unit, tables, mode));
            }
        }
    }

    private static string DoesNotVerify(IommuUnit unit, IDeviceTables tables) =>
        $"the tables at {tables.Root} that {unit.FoundBy[0]} names do not verify as such by their shape";

    private static string LooksLike(IommuUnit unit, IDeviceTables tables, IommuMode mode) =>
        $"the tables at {tables.Root} are {unit.Mode} by {unit.FoundBy[0]}, and look like {mode}";

    // What a unit itself says outranks what the kernel keeps of it; where they differ, it is a disagreement.
    private void JoinRegisters(List<IommuUnit> units, IReadOnlyList<SystemIommu> shown, AcpiTables acpi)
    {
        if (files is null)
        {
            return;
        }

        IEnumerable<PhysicalAddress> known = [.. units.Where(unit => unit.Kind == IommuKind.VtD).Select(unit => unit.Registers).OfType<PhysicalAddress>(),
            .. shown.Select(unit => unit.Registers).OfType<PhysicalAddress>(), .. (acpi.Dmar?.Units ?? []).Select(unit => unit.Registers)];
        foreach (PhysicalAddress address in known.Distinct().ToArray())
        {
            if (VtdRegisters.Read(files, address) is not VtdRegisters registers)
            {
                continue;
            }

            int at = units.FindIndex(unit => unit.Kind == IommuKind.VtD && unit.Registers == address);
            if (at < 0)
            {
                at = units.Count;
                units.Add(new() { Kind = IommuKind.VtD, Mode = IommuMode.None, Registers = address, FoundBy = [] });
            }

            IommuUnit unit = units[at];
            if (unit.Tables is { } tables && registers.Root.Value != 0 && tables.Root != registers.Root)
            {
                _disagreements.Add($"the unit at {address} has its root table at {tables.Root} by {unit.FoundBy[0]}, and at {registers.Root} by "
                    + $"its {VtdRegisters.Way}");
            }

            if (unit.Translating is bool translating && translating != registers.Translating)
            {
                _disagreements.Add($"the unit at {address} {(translating ? "translates" : "does not translate")} by {unit.FoundBy[0]}, "
                    + $"and {(registers.Translating ? "does" : "does not")} by its registers, GSTS");
            }

            bool isKnown = unit.Tables is not null || registers.Root.Value == 0;
            units[at] = unit with
            {
                Mode = isKnown ? unit.Mode : registers.IsScalable ? IommuMode.Scalable : IommuMode.Legacy,
                Tables = isKnown ? unit.Tables : new VtdDeviceTables(kernel.Memory, registers.Root, registers.IsScalable, unit.Segment),
                Translating = registers.Translating,
                RemapsInterrupts = registers.RemapsInterrupts,
                Capabilities = unit.Capabilities ?? registers.Capabilities,
                ExtendedCapabilities = unit.ExtendedCapabilities ?? registers.ExtendedCapabilities,
                FoundBy = [.. unit.FoundBy, VtdRegisters.Way],
            };
        }
    }

    // What the running kernel shows of each unit (drivers/iommu/iommu-sysfs.c, intel/iommu.c, amd/init.c); a unit that is shown is the one of that name, or of
    // those registers.
    private void JoinSystem(List<IommuUnit> units, IReadOnlyList<SystemIommu> all)
    {
        foreach (SystemIommu shown in all)
        {
            int at = units.FindIndex(unit => unit.Kind == shown.Kind
                && (shown.Registers is PhysicalAddress registers ? unit.Registers == registers
                    : string.Equals(unit.Name, shown.Name, StringComparison.Ordinal)));
            if (at < 0)
            {
                units.Add(new()
                {
                    Kind = shown.Kind,
                    Mode = IommuMode.None,
                    Name = shown.Name,
                    Registers = shown.Registers,
                    Capabilities = shown.Capabilities,
                    ExtendedCapabilities = shown.ExtendedCapabilities,
                    FoundBy = [shown.Way],
                });
                continue;
            }

            if (units[at].Capabilities is ulong known && shown.Capabilities is ulong said && known != said)
            {
                _disagreements.Add($"{shown.Name} has capabilities 0x{known:x} by {units[at].FoundBy[0]}, and 0x{said:x} by {shown.Way}");
            }

            units[at] = units[at] with
            {
                Name = units[at].Name ?? shown.Name,
                Capabilities = units[at].Capabilities ?? shown.Capabilities,
                ExtendedCapabilities = units[at].ExtendedCapabilities ?? shown.ExtendedCapabilities,
                FoundBy = [.. units[at].FoundBy, shown.Way],
            };
        }
    }

    // A scan's tables are those of a unit that the kernel's objects name, or of one that they do not.
    private void JoinScan(List<IommuUnit> units, IReadOnlyList<FoundTables> scanned)
    {
        bool objectsKnow = units.Exists(unit => unit.Tables is not null);
        HashSet<ulong> joined = [];
        for (int i = 0; i < units.Count; i++)
        {
            if (units[i].Tables is not IDeviceTables tables)
            {
                continue;
            }

            FoundTables? same = scanned.FirstOrDefault(found => found.Root == tables.Root);
            if (same is not null)
            {
                joined.Add(same.Root.Value);
                units[i] = units[i] with { FoundBy = [.. units[i].FoundBy, ScanName] };
                if (same.Mode != units[i].Mode)
                {
                    _disagreements.Add(LooksLike(units[i], tables, same.Mode));
                }
            }
            else if (HasTranslation(tables))
            {
                _disagreements.Add(DoesNotVerify(units[i], tables));
            }
        }

        foreach (FoundTables found in scanned.Where(found => !joined.Contains(found.Root.Value)))
        {
            if (objectsKnow)
            {
                // The kernel's objects are complete: what else looks like tables is an earlier kernel's, or freed.
                _disagreements.Add($"memory at {found.Root} looks "
                    + $"like {(found.Kind == IommuKind.VtD ? "a VT-d root table" : "an AMD-Vi device table")} of {found.Weight} entries, but no unit uses it: "
                    + $"left over");
                continue;
            }

            units.Add(new() { Kind = found.Kind, Mode = found.Mode, Tables = found.Tables, FoundBy = [ScanName] });
        }
    }

    private static bool HasTranslation(IDeviceTables tables) =>
        tables.Contexts(out _).Any(context => context.Mode is DmaMode.Translated or DmaMode.PassThrough);

    private void JoinFirmware(List<IommuUnit> units, AcpiTables acpi)
    {
        foreach (DmarUnit described in acpi.Dmar?.Units ?? [])
        {
            Join(units, IommuKind.VtD, described.Registers, described.Segment, described.IncludesAll, "ACPI DMAR");
        }

        foreach (IvrsUnit described in acpi.Ivrs?.Units ?? [])
        {
            Join(units, IommuKind.AmdVi, described.Registers, described.Segment, null, "ACPI IVRS");
        }
    }

    // Firmware knows registers; tables without known registers are a unit's where there is only one of each.
    private void Join(List<IommuUnit> units, IommuKind kind, PhysicalAddress registers, ushort segment, bool? servesTheRest, string way)
    {
        int at = units.FindIndex(unit => unit.Kind == kind && unit.Registers == registers);
        if (at < 0)
        {
            int[] unclaimed =
                [.. Enumerable.Range(0, units.Count).Where(i => units[i].Kind == kind && units[i].Registers is null && units[i].Segment == segment)];
            at = unclaimed.Length == 1 ? unclaimed[0] : -1;
        }

        if (at < 0)
        {
            units.Add(new() { Kind = kind, Mode = IommuMode.None, Registers = registers, Segment = segment, ServesTheRest = servesTheRest, FoundBy = [way] });
            if (objects is not null && absence is null && units.Exists(unit => unit.Kind == kind && unit.Object is not null))
            {
                _disagreements.Add($"{way} describes a unit at {registers} that the kernel's objects do not have");
            }

            return;
        }

        units[at] = units[at] with { Registers = registers, ServesTheRest = servesTheRest ?? units[at].ServesTheRest, FoundBy = [.. units[at].FoundBy, way] };
    }

    private static IommuUnit WithContexts(IommuUnit unit)
    {
        if (unit.Tables is not IDeviceTables tables)
        {
            return unit;
        }

        IReadOnlyList<DeviceContext> contexts = tables.Contexts(out bool cut);
        return unit with { Contexts = contexts, ContextsCut = cut };
    }
}
