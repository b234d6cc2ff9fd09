using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Nested;

/// <summary>
/// AMD's nested page tables, from guest-physical to host-physical addresses: the CPU's own format, walked as a user's access (AMD64 APM 2, 15.25).
/// </summary>
/// <remarks>
/// Entries with address bit 51 set are taken for faulting ones: no machine has memory there, and hypervisors set the bit on purpose where it is reserved, so
/// that accesses to devices that they emulate fault (Linux: arch/x86/kvm/mmu/spte.c, shadow_mmio_value).
/// </remarks>
public readonly struct NptFormat : ITableFormat
{
    private const ulong HighestAddressBit = 1UL << 51;

    /// <inheritdoc/>
    public static int IndexBits => X64Format.IndexBits;

    /// <inheritdoc/>
    public static int PageShift => X64Format.PageShift;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => X64Format.IsPresent(entry);

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => X64Format.IsLeaf(entry, level);

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => X64Format.Target(entry);

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => X64Format.OffsetMask(entry, level);

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => X64Format.NextLevel(entry, level);

    /// <inheritdoc/>
    public static ulong ReservedBits(ulong entry, int level) => X64Format.ReservedBits(entry, level) | (entry & HighestAddressBit);

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => X64Format.Grants(entry, level);

    /// <inheritdoc/>
    /// <remarks>What is the supervisor's alone is refused: every guest access is a user's here.</remarks>
    public static AccessRights Rights(ulong grants)
    {
        AccessRights rights = X64Format.Rights(grants);
        return (rights & AccessRights.User) == AccessRights.None ? AccessRights.None : rights;
    }

    /// <inheritdoc/>
    public static string LevelName(int level) => X64Format.LevelName(level);

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) => X64Format.FlagNames(entry, level);
}
