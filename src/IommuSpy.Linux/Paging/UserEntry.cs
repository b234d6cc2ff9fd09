using IommuSpy.Memory;

namespace IommuSpy.Linux.Paging;

/// <summary>An entry of a process's page tables as Linux reads it.</summary>
/// <param name="Present">Whether the page is in memory and the process's: PROT_NONE pages are, which hardware refuses.</param>
/// <param name="Frame">The page that it maps or, of one that is being moved or broken, holds; null for the others.</param>
/// <param name="SwapType">The type field of an entry that is not present; null for the others.</param>
/// <param name="SwapOffset">The offset field of such an entry: what /proc/PID/pagemap shows, so the frame alone where it holds one.</param>
/// <param name="Kind">What an entry that is not present is; PROT_NONE and empty ones included.</param>
/// <param name="IsNormal">Whether the page has a struct page that counts this mapping: the page of zeros and devices' memory have none.</param>
/// <param name="SoftDirty">Whether it counts as written since the marks were cleared.</param>
/// <param name="WriteProtected">Whether userfaultfd protects it from writes.</param>
/// <param name="Guard">Whether it is a guard that faults whoever touches it (since 6.13).</param>
public readonly record struct UserEntry(
    bool Present, PageFrame? Frame, int? SwapType, ulong? SwapOffset, NonPresentKind? Kind, bool IsNormal, bool SoftDirty, bool WriteProtected, bool Guard)
{
    /// <summary>Whether the page is on a swap device.</summary>
    public bool IsSwap => Kind == NonPresentKind.Swap;
}
