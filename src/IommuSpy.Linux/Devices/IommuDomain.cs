using IommuSpy.Memory;

namespace IommuSpy.Linux.Devices;

/// <summary>An IOMMU domain as the kernel's IOMMU core keeps it (struct iommu_domain).</summary>
/// <param name="Address">Where it is.</param>
/// <param name="Kind">What it is for.</param>
/// <param name="Type">The kernel's own number of that, whose bits are __IOMMU_DOMAIN_*.</param>
/// <param name="IsStrict">Of a <see cref="DomainKind.Dma"/> domain: true where what is unmapped is invalidated at once, false where that waits in a queue
/// (lazy); null elsewhere and where it cannot be told.</param>
public sealed record IommuDomain(VirtualAddress Address, DomainKind Kind, uint Type, bool? IsStrict)
{
    /// <summary>As /sys/kernel/iommu_groups/N/type says: "DMA-FQ", "DMA", "identity"...</summary>
    /// <remarks>Kernels before 5.15 have one type for both policies and say "DMA".</remarks>
    public string SysfsName => Kind switch
    {
        DomainKind.Blocked => "blocked",
        DomainKind.Identity => "identity",
        DomainKind.Unmanaged => "unmanaged",
        DomainKind.Dma => (Type & DomainReader.FlushQueue) != 0 ? "DMA-FQ" : "DMA",
        _ => "unknown",
    };
}
