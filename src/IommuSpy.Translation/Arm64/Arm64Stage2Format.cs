namespace IommuSpy.Translation.Arm64;

/// <summary>arm64 stage 2 tables (Arm ARM, D8.3.1 and D8.4.3): the descriptors of stage 1 with other rights.</summary>
/// <typeparam name="TGranule">The size of pages.</typeparam>
public readonly struct Arm64Stage2Format<TGranule> : ITableFormat
    where TGranule : struct, IArm64Granule
{
    private const ulong MayRead = 1UL << 6;
    private const ulong MayWrite = 1UL << 7;
    private const ulong ExecuteNever = 1UL << 54;

    /// <inheritdoc/>
    public static int IndexBits => Arm64Format<TGranule>.IndexBits;

    /// <inheritdoc/>
    public static int PageShift => TGranule.PageShift;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => Arm64Format<TGranule>.IsPresent(entry);

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => Arm64Format<TGranule>.IsLeaf(entry, level);

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => TGranule.Target(entry);

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => Arm64Format<TGranule>.OffsetMask(entry, level);

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => level - 1;

    /// <inheritdoc/>
    public static ulong ReservedBits(ulong entry, int level) => Arm64Format<TGranule>.ReservedBits(entry, level);

    /// <inheritdoc/>
    /// <remarks>Tables take nothing away.</remarks>
    public static ulong Grants(ulong entry, int level) => IsLeaf(entry, level) ? entry ^ ExecuteNever : ulong.MaxValue;

    /// <inheritdoc/>
    public static AccessRights Rights(ulong grants) => AccessRights.User
        | ((grants & MayRead) != 0 ? AccessRights.Read : AccessRights.None)
        | ((grants & MayWrite) != 0 ? AccessRights.Write : AccessRights.None)
        | ((grants & ExecuteNever) != 0 ? AccessRights.Execute : AccessRights.None);

    /// <inheritdoc/>
    public static string LevelName(int level) => Arm64Format<TGranule>.LevelName(level);

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level) => IsLeaf(entry, level)
        ? [.. Named(entry, [(0, "Valid"), (6, "S2AP[0]"), (7, "S2AP[1]"), (10, "AF"), (51, "DBM"), (52, "Contiguous"), (54, "XN")])]
        : ["Valid", "Table"];

    private static IEnumerable<string> Named(ulong entry, (int Bit, string Name)[] flags) =>
        flags.Where(flag => (entry & (1UL << flag.Bit)) != 0).Select(flag => flag.Name);
}
