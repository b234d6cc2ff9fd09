using IommuSpy.Memory;

namespace IommuSpy.Linux.AddressSpaces;

/// <summary>A page of a process, as /proc/PID/pagemap tells of it (Documentation/admin-guide/mm/pagemap.rst). Null is a stated absence.</summary>
/// <param name="Virtual">Its first address.</param>
/// <param name="Present">Whether it is in memory: PROT_NONE pages may be, which hardware refuses.</param>
/// <param name="Physical">Where in memory; null where it is not there.</param>
/// <param name="SwapType">Of what is not in memory: which swap device, or which special kind; null where the entry has none.</param>
/// <param name="SwapOffset">The page of the swap device, or what the special kind keeps there; null where the entry has none.</param>
/// <param name="SoftDirty">Whether it counts as written since the marks were cleared.</param>
/// <param name="Exclusive">Whether nothing else maps it; null where this description of types has no struct page.</param>
/// <param name="FileOrShared">Whether it is a file's or shared memory's, not anonymous; null where this description of types has no struct page.</param>
/// <param name="WriteProtected">Whether userfaultfd protects it from writes.</param>
/// <param name="Guard">Whether it is a guard that faults whoever touches it.</param>
public readonly record struct PagemapPage(
    VirtualAddress Virtual,
    bool Present,
    PhysicalAddress? Physical,
    int? SwapType,
    ulong? SwapOffset,
    bool SoftDirty,
    bool? Exclusive,
    bool? FileOrShared,
    bool WriteProtected,
    bool Guard);
