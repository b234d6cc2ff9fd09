using IommuSpy.Memory;

namespace IommuSpy.Linux.Iommu;

/// <summary>Memory through which the kernel and an IOMMU speak to each other: commands and invalidations, events, page requests.</summary>
/// <param name="Name">What it is for: "invalidation queue", "event log".</param>
/// <param name="Frames">The page frames that it lies in; those that are known to belong to it where the kernel does not keep its size.</param>
public sealed record IommuQueue(string Name, IReadOnlyList<PageFrame> Frames);
