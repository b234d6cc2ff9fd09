using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Exposure;

/// <summary>Registers that a page frame stands for, in place of memory.</summary>
/// <param name="Kind">Whose they are.</param>
/// <param name="Name">"BAR 0 of 0000:00:02.0 (nvme)".</param>
/// <param name="Function">The PCI function whose they are; null for others.</param>
/// <param name="IsPeerToPeer">Whether the function's driver offers its memory to other devices (pci_p2pdma_add_resource).</param>
internal sealed record RegisterRange(RegisterKind Kind, string Name, RequesterId? Function = null, bool IsPeerToPeer = false);

/// <summary>Whose registers they are.</summary>
internal enum RegisterKind
{
    /// <summary>A PCI function's.</summary>
    Function,

    /// <summary>The configuration space of all PCI functions (ECAM).</summary>
    Configuration,

    /// <summary>An IOMMU's.</summary>
    Iommu,
}
