using IommuSpy.Translation;

namespace IommuSpy.Linux.Tests.Architecture.Toy;

/// <summary>
/// Tables of a machine that nobody builds: pages of 16 KiB, 11 bits a level, leaves where a bit says so, and bits that take rights away where x86-64's give
/// them.
/// </summary>
internal readonly struct ToyFormat : ITableFormat
{
    public const ulong Valid = 1 << 0;
    public const ulong Leaf = 1 << 1;
    public const ulong NoUser = 1 << 2;
    public const ulong NoWrite = 1 << 3;
    public const ulong NoExecute = 1 << 4;
    private const ulong Withheld = NoUser | NoWrite | NoExecute;
    private const ulong AddressMask = 0x0000_ffff_ffff_c000;
    private const ulong Reserved = 0xffff_0000_0000_0000;

    public static int IndexBits => 11;

    public static int PageShift => 14;

    /// <summary>Three levels: 47 bits.</summary>
    public static PagingMode Mode { get; } = new(TableFormat.Of<ToyFormat>(), 3, PageShift + (3 * IndexBits));

    public static bool IsPresent(ulong entry) => (entry & Valid) != 0;

    public static bool IsLeaf(ulong entry, int level) => level == 1 || (entry & Leaf) != 0;

    public static ulong Target(ulong entry) => entry & AddressMask;

    public static ulong OffsetMask(ulong entry, int level) => (1UL << (PageShift + ((level - 1) * IndexBits))) - 1;

    public static int NextLevel(ulong entry, int level) => level - 1;

    public static ulong ReservedBits(ulong entry, int level) => entry & Reserved;

    public static ulong Grants(ulong entry, int level) => entry ^ Withheld;

    public static AccessRights Rights(ulong grants) => AccessRights.Read
        | ((grants & NoWrite) != 0 ? AccessRights.Write : AccessRights.None)
        | ((grants & NoExecute) != 0 ? AccessRights.Execute : AccessRights.None)
        | ((grants & NoUser) != 0 ? AccessRights.User : AccessRights.None);

    public static string LevelName(int level) => $"T{level}";

    public static IReadOnlyList<string> FlagNames(ulong entry, int level) => (entry & Leaf) != 0 ? ["V", "LEAF"] : ["V"];
}
