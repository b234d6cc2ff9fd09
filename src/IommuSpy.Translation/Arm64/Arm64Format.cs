namespace IommuSpy.Translation.Arm64;

/// <summary>arm64 stage 1 tables (VMSAv8-64; Arm ARM, D8). Level 1 here is Arm's level 3, the last; level 5 is its level -1.</summary>
/// <typeparam name="TGranule">The size of pages.</typeparam>
public readonly struct Arm64Format<TGranule> : ITableFormat
    where TGranule : struct, IArm64Granule
{
    // What an entry lets through.
    private const ulong MayWrite = 1;
    private const ulong MayUser = 2;
    private const ulong MayUserExecute = 4;
    private const ulong MayExecute = 8;
    private const ulong Everything = MayWrite | MayUser | MayUserExecute | MayExecute;
    private const int LastOfArm = 4;

    /// <inheritdoc/>
    public static int IndexBits => TGranule.PageShift - 3;

    /// <inheritdoc/>
    public static int PageShift => TGranule.PageShift;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => (entry & Arm64Descriptor.Valid) != 0;

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (entry & Arm64Descriptor.Table) == 0;

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => TGranule.Target(entry);

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => (1UL << (PageShift + ((level - 1) * IndexBits))) - 1;

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => level - 1;

    /// <inheritdoc/>
    /// <remarks>A descriptor of type 01 is reserved at the last level, and at levels that have no blocks: its valid bit must be clear.</remarks>
    public static ulong ReservedBits(ulong entry, int level) =>
        (entry & Arm64Descriptor.Table) == 0 && (level == 1 || level > TGranule.HighestBlockLevel) ? Arm64Descriptor.Valid : 0;

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => IsLeaf(entry, level) ? OfLeaf(entry) : OfTable(entry);

    /// <inheritdoc/>
    /// <remarks>Of what user mode may access or execute, its rights; a page that user mode may only execute is there (EPAN and before).</remarks>
    public static AccessRights Rights(ulong grants)
    {
        AccessRights write = (grants & MayWrite) != 0 ? AccessRights.Write : AccessRights.None;
        AccessRights userExecute = (grants & MayUserExecute) != 0 ? AccessRights.Execute : AccessRights.None;
        if ((grants & MayUser) != 0)
        {
            return AccessRights.User | AccessRights.Read | write | userExecute;
        }

        return userExecute != AccessRights.None ? AccessRights.User | AccessRights.Execute
            : AccessRights.Read | write | ((grants & MayExecute) != 0 ? AccessRights.Execute : AccessRights.None);
    }

    /// <inheritdoc/>
    public static string LevelName(int level) => $"L{LastOfArm - level}";

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) =>
        Arm64Descriptor.FlagNames(entry, level, IsLeaf(entry, level), TGranule.HasShareability);

    // Where DBM is set and hardware does not manage the dirty state, Linux lets the write through at the fault.
    private static ulong OfLeaf(ulong entry) =>
        ((entry & Arm64Descriptor.ReadOnly) == 0 || (entry & Arm64Descriptor.DirtyModifier) != 0 ? MayWrite : 0)
        | ((entry & Arm64Descriptor.UserAccess) != 0 ? MayUser : 0)
        | ((entry & Arm64Descriptor.UserExecuteNever) == 0 ? MayUserExecute : 0)
        | ((entry & Arm64Descriptor.PrivilegedExecuteNever) == 0 ? MayExecute : 0);

    private static ulong OfTable(ulong entry) => Everything
        & ~(((entry & Arm64Descriptor.TableReadOnly) != 0 ? MayWrite : 0)
            | ((entry & Arm64Descriptor.TableNoUser) != 0 ? MayUser : 0)
            | ((entry & Arm64Descriptor.TableUserExecuteNever) != 0 ? MayUserExecute : 0)
            | ((entry & Arm64Descriptor.TablePrivilegedExecuteNever) != 0 ? MayExecute : 0));
}
