using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Devices;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Pci;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>A device: what the kernel knows of it, joined with what its IOMMU's tables say.</summary>
public sealed class MachineDevice
{
    /// <summary>Where it is on the bus.</summary>
    public required RequesterId Address { get; init; }

    /// <summary>The kernel's PCI function; null where its structures cannot be read: then the device is known by its entry in the tables alone.</summary>
    public PciFunction? Function { get; init; }

    /// <summary>As whom its requests arrive at the IOMMU: itself or a bridge before it, then its other names (quirks).</summary>
    public required IReadOnlyList<RequesterId> Requesters { get; init; }

    /// <summary>The IOMMU that its requests go through; null for none.</summary>
    public IommuUnit? Unit { get; init; }

    /// <summary>
    /// What the IOMMU's tables say of each of <see cref="Requesters"/>, first of requests without PASID, then of each PASID; empty without an IOMMU.
    /// </summary>
    public IReadOnlyList<DeviceContext> Contexts { get; init; } = [];

    /// <summary>Its IOMMU group; null for none, or where that cannot be read.</summary>
    public IommuGroup? Group { get; init; }

    /// <summary>Who has it for itself, by VFIO; null for nobody, or where that is not known.</summary>
    internal DeviceOwner? Owner { get; init; }

    /// <summary>What firmware demands to be mapped for it always (RMRR, IVMD).</summary>
    public IReadOnlyList<FirmwareMemory> ReservedRegions { get; init; } = [];

    /// <summary>The entry that its requests without PASID meet.</summary>
    public DeviceContext? Context => Contexts.Count > 0 ? Contexts[0] : null;

    /// <summary>How much of memory it can get at: the widest of its names counts.</summary>
    public DeviceAccess Access
    {
        get
        {
            if (Unit is not { Translating: not false, Tables: not null })
            {
                return DeviceAccess.NoIommu;
            }

            DmaMode[] modes = [.. Contexts.Select(context => context.Mode)];
            return modes.Contains(DmaMode.PassThrough) ? DeviceAccess.PassThrough
                : modes.Contains(DmaMode.Translated) ? DeviceAccess.Translated
                : modes.Contains(DmaMode.Invalid) ? DeviceAccess.Invalid
                : DeviceAccess.Blocked;
        }
    }

    /// <summary>Whether the kernel lets it keep translations (ATS), or its entry does.</summary>
    public bool? IsAtsEnabled =>
        Function?.AtsEnabled == true || Contexts.Any(context => context.DeviceTlb && context.Mode != DmaMode.Blocked) ? true : Function?.AtsEnabled;

    /// <summary>
    /// Whether what is unmapped is invalidated at once; null where no domain of the kernel's DMA interface translates, and where it cannot be told.
    /// </summary>
    public bool? IsStrict => Access == DeviceAccess.Translated ? Group?.Domain?.IsStrict : null;

    /// <summary>A bridge from PCI to PCI, of whatever kind.</summary>
    public bool IsBridge => Function is { HeaderType: 1 } or { Class: >= 0x060400 and < 0x060500 };
}
