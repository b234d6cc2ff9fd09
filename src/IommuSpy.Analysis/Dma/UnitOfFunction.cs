using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>Tells which IOMMU a function's requests go through: by the kernel's pointer, by firmware's scopes, by whose tables have an entry for it.</summary>
internal sealed class UnitOfFunction(KernelObjects objects, IommuReport iommus, PciInventory inventory)
{
    // struct intel_iommu, struct amd_iommu and struct arm_smmu_device hold the struct iommu_device that a device points at.
    private readonly Field?[] _embedded =
    [
        objects.Types.FindField("intel_iommu", "iommu"), objects.Types.FindField("amd_iommu", "iommu"),
        objects.Types.FindStruct("arm_smmu_device", "strtab_cfg")?.Find("iommu"),
    ];

    public IommuUnit? Find(PciFunction function, IReadOnlyList<RequesterId> requesters)
    {
        if (function.Iommu.Unit is VirtualAddress pointer)
        {
            foreach (Field? inside in _embedded)
            {
                VirtualAddress holder = new(unchecked(pointer.Value - (inside?.Offset ?? 0)));
                if (inside is not null && iommus.Units.FirstOrDefault(unit => unit.Object == holder) is IommuUnit own)
                {
                    return own;
                }
            }
        }

        return iommus.Units.FirstOrDefault(unit => Claims(unit, DmaNames.IdOf(function.Address)))
            ?? iommus.Units.FirstOrDefault(unit => requesters.Any(requester => unit.ContextOf(requester) is { Entry.Count: > 0, Mode: not DmaMode.Blocked }))
            ?? iommus.Units.FirstOrDefault(unit => unit.ServesTheRest == true && unit.Segment == requesters[0].Segment)
            ?? iommus.Units.FirstOrDefault(unit => requesters.Any(requester => unit.ContextOf(requester) is { Entry.Count: > 0 }));
    }

    private bool Claims(IommuUnit unit, RequesterId device)
    {
        IEnumerable<FirmwareScope>? scopes = unit.Kind == IommuKind.VtD
            ? iommus.Dmar?.Units.FirstOrDefault(described => described.Registers == unit.Registers)?.Scopes
            : iommus.Ivrs?.Units.FirstOrDefault(described => described.Registers == unit.Registers)?.Scopes;
        return scopes is not null && FirmwareScopes.Mean(scopes, device, inventory);
    }
}
