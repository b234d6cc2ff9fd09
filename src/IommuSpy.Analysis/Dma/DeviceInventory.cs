using IommuSpy.Linux;
using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Vfio;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>Every device of a machine: the kernel's PCI functions, joined with IOMMUs, groups and domains; or what the IOMMUs' tables alone know.</summary>
/// <param name="Devices">The devices, in order of address.</param>
/// <param name="Iommus">The IOMMUs.</param>
/// <param name="FunctionsAbsence">Why the kernel's PCI functions could not be read, so that only devices are known that tables have an entry for; null where
/// they could.</param>
/// <param name="Damage">What could not be followed, a line each.</param>
public sealed record DeviceInventory(IReadOnlyList<MachineDevice> Devices, IommuReport Iommus, string? FunctionsAbsence, IReadOnlyList<string> Damage)
{
    /// <summary>Whether an IOMMU translates for anybody.</summary>
    public bool HasIommu => Iommus.Units.Any(unit => unit is { Tables: not null, Translating: not false });

    /// <summary>The device of an address, or that makes requests under it; null for none.</summary>
    public MachineDevice? Find(RequesterId address) =>
        Devices.FirstOrDefault(device => device.Address == address) ?? Devices.FirstOrDefault(device => device.Requesters.Contains(address));

    /// <summary>Reads the devices of a machine.</summary>
    public static DeviceInventory Of(KernelParts parts)
    {
        (KernelObjects? objects, PciInventory? inventory, string? absence) = Functions(parts);
        IommuReport iommus = parts.Iommu;
        if (objects is null || inventory is null)
        {
            return new(FromTables(iommus), iommus, absence, [.. Unknown(iommus)]);
        }

        IReadOnlyDictionary<VirtualAddress, IommuGroup> groups = IommuGroups.Read(objects, inventory.Functions);
        UnitOfFunction units = new(objects, iommus, inventory);
        DeviceOwner[] owners = [.. (parts.Vfio.Value?.Containers ?? []).Select(container => DeviceOwner.Of(parts, container))];
        List<MachineDevice> devices = [];
        foreach (PciFunction function in inventory.Functions)
        {
            IReadOnlyList<RequesterId> requesters = DmaNames.Of(inventory, function);
            IommuUnit? unit = units.Find(function, requesters);
            devices.Add(new()
            {
                Address = DmaNames.IdOf(function.Address),
                Function = function,
                Requesters = requesters,
                Unit = unit,
                Contexts = unit is null ? [] : Contexts(unit, requesters),
                Group = function.Iommu.Group is VirtualAddress at ? groups.GetValueOrDefault(at) : null,
                Owner = Array.Find(owners, owner => owner.Container.Devices.Contains(function.Device)),
                ReservedRegions = Reserved(iommus, DmaNames.IdOf(function.Address), inventory),
            });
        }

        return new(devices, iommus, null,
            [.. inventory.Damage, .. Unknown(iommus), .. groups.Values.Select(group => group.Damage).OfType<string>(), .. Unowned(parts, inventory)]);
    }

    // Why it is not known, or not all, who has the devices that VFIO drives.
    private static IEnumerable<string> Unowned(KernelParts parts, PciInventory inventory)
    {
        if (!inventory.Functions.Any(function => function.IsDrivenByVfio))
        {
            return [];
        }

        return parts.Vfio.TryGet(out VfioContainerList? vfio, out string? absence)
            ? [.. vfio.Damage, .. vfio.Containers.SelectMany(container => container.Damage)]
            : [$"who has the devices that VFIO drives is not known: {absence}"];
    }

    private static (KernelObjects? Objects, PciInventory? Inventory, string? Absence) Functions(KernelParts parts)
    {
        return parts.Pci.TryGet(out PciInventory? functions, out string? absence)
            && parts.Objects.TryGet(out KernelObjects? objects, out absence)
            ? (objects, functions, null)
            : (null, null, absence);
    }

    // Firmware has it, and neither the kernel's objects, nor registers, nor a scan tell what it does.
    private static IEnumerable<string> Unknown(IommuReport iommus) => iommus.Units.Where(unit => unit is { Tables: null, Translating: null })
        .Select(unit =>
            $"the IOMMU {unit.Name ?? $"with registers at {unit.Registers}"}: no tables of it are found, and whether it translates is not known: devices "
                + $"behind it are shown as with none");

    private static List<MachineDevice> FromTables(IommuReport iommus) =>
    [
        .. iommus.Units.SelectMany(unit => unit.Contexts.Select(context => (unit, context.Requester)))
            .DistinctBy(entry => entry.Requester)
            .OrderBy(entry => entry.Requester)
            .Select(entry => new MachineDevice
            {
                Address = entry.Requester,
                Requesters = [entry.Requester],
                Unit = entry.unit,
                Contexts = Contexts(entry.unit, [entry.Requester]),
                ReservedRegions = Reserved(iommus, entry.Requester, null),
            }),
    ];

    private static List<DeviceContext> Contexts(IommuUnit unit, IReadOnlyList<RequesterId> requesters)
    {
        List<DeviceContext> contexts = [.. requesters.Select(requester => unit.ContextOf(requester)).OfType<DeviceContext>()];
        contexts.AddRange(unit.Contexts.Where(context => context.Pasid is not null && requesters.Contains(context.Requester)));
        return contexts;
    }

    private static List<FirmwareMemory> Reserved(IommuReport iommus, RequesterId device, PciInventory? inventory) =>
        [.. (iommus.Dmar?.ReservedMemory ?? []).Concat(iommus.Ivrs?.Memory ?? []).Where(memory => FirmwareScopes.Mean(memory.Scopes, device, inventory))];
}
