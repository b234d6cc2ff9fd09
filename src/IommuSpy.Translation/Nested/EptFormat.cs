namespace IommuSpy.Translation.Nested;

/// <summary>Intel's extended page tables, from guest-physical to host-physical addresses, of 4 or 5 levels (Intel SDM 3C, 30.3.2 and 30.3.3).</summary>
/// <remarks>There is no present bit: an entry that lets nothing through is not present.</remarks>
public readonly struct EptFormat : ITableFormat
{
    /// <summary>R: reads are let through.</summary>
    public const ulong Readable = 1UL << 0;

    /// <summary>W: writes are let through.</summary>
    public const ulong Writable = 1UL << 1;

    /// <summary>X: instruction fetches are let through; with mode-based execute control, those of the guest's supervisor.</summary>
    public const ulong Executable = 1UL << 2;

    /// <summary>IPAT: of a leaf, the guest's own memory type does not count.</summary>
    public const ulong IgnorePat = 1UL << 6;

    /// <summary>PS: at levels 2 and 3, the entry is a leaf.</summary>
    public const ulong PageSize = 1UL << 7;

    /// <summary>A: the CPU has used the entry, where EPTP bit 6 has it keep such flags.</summary>
    public const ulong Accessed = 1UL << 8;

    /// <summary>D: the CPU has written through the leaf, where EPTP bit 6 has it keep such flags.</summary>
    public const ulong Dirty = 1UL << 9;

    /// <summary>XU: with mode-based execute control, instruction fetches of the guest's user mode are let through.</summary>
    public const ulong UserExecutable = 1UL << 10;

    /// <summary>SVE: a violation at this entry is an exit, never a virtualization exception of the guest.</summary>
    public const ulong SuppressException = 1UL << 63;

    private const ulong AddressMask = 0x000f_ffff_ffff_f000;
    private const ulong AllRights = Readable | Writable | Executable;
    private const ulong TableReserved = 0x78;
    private const int TypeShift = 3;
    private const ulong TypeMask = 7;
    private const int HighestLeafLevel = 3;

    // Memory types of a leaf (SDM table 30-6); the others are reserved.
    private static readonly string?[] Types = ["UC", "WC", null, null, "WT", "WP", "WB", null];

    private static readonly (ulong Bit, string Name)[] RightNames = [(Readable, "R"), (Writable, "W"), (Executable, "X")];

    /// <inheritdoc/>
    public static int IndexBits => 9;

    /// <inheritdoc/>
    public static int PageShift => 12;

    /// <inheritdoc/>
    public static bool IsPresent(ulong entry) => (entry & AllRights) != 0;

    /// <inheritdoc/>
    public static bool IsLeaf(ulong entry, int level) => level == 1 || (level <= HighestLeafLevel && (entry & PageSize) != 0);

    /// <inheritdoc/>
    public static ulong Target(ulong entry) => entry & AddressMask;

    /// <inheritdoc/>
    public static ulong OffsetMask(ulong entry, int level) => (1UL << (PageShift + ((level - 1) * IndexBits))) - 1;

    /// <inheritdoc/>
    public static int NextLevel(ulong entry, int level) => level - 1;

    /// <inheritdoc/>
    /// <remarks>
    /// What makes an EPT misconfiguration (30.3.3.1): writes without reads, a memory type that there is not, bits that must be zero. Whether execute-only
    /// entries are allowed, and the CPU's physical width, a memory image does not tell.
    /// </remarks>
    public static ulong ReservedBits(ulong entry, int level)
    {
        ulong reserved = (entry & (Readable | Writable)) == Writable ? Writable : 0;
        if (!IsLeaf(entry, level))
        {
            return reserved | (entry & (level > HighestLeafLevel ? TableReserved | PageSize : TableReserved));
        }

        return reserved | (Types[(entry >> TypeShift) & TypeMask] is null ? entry & (TypeMask << TypeShift) : 0)
            | (level == 1 ? 0 : entry & AddressMask & OffsetMask(entry, level));
    }

    /// <inheritdoc/>
    public static ulong Grants(ulong entry, int level) => entry;

    /// <inheritdoc/>
    /// <remarks>Whether mode-based execute control is on, the tables do not tell: executable is what the guest's supervisor may execute.</remarks>
    public static AccessRights Rights(ulong grants) =>
        ((grants & Readable) != 0 ? AccessRights.Read : AccessRights.None)
        | ((grants & Writable) != 0 ? AccessRights.Write : AccessRights.None)
        | ((grants & Executable) != 0 ? AccessRights.Execute : AccessRights.None)
        | AccessRights.User;

    /// <inheritdoc/>
    public static string LevelName(int level) => level switch
    {
        1 => "EPT PT",
        2 => "EPT PD",
        3 => "EPT PDPT",
        4 => "EPT PML4",
        _ => "EPT PML5",
    };

    /// <inheritdoc/>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level)
    {
        bool leaf = IsLeaf(entry, level);
        List<string> names = [.. RightNames.Where(right => (entry & right.Bit) != 0).Select(right => right.Name)];
        Add((entry & Accessed) != 0, "A");
        Add(leaf && (entry & Dirty) != 0, "D");
        Add(leaf && level > 1, "PS");
        if (leaf)
        {
            names.Add(Types[(entry >> TypeShift) & TypeMask] ?? "type?");
        }

        Add(leaf && (entry & IgnorePat) != 0, "IPAT");
        Add((entry & UserExecutable) != 0, "XU");
        Add(leaf && (entry & SuppressException) != 0, "SVE");
        return names;

        void Add(bool isSet, string name)
        {
            if (isSet)
            {
                names.Add(name);
            }
        }
    }
}
