namespace IommuSpy.Translation.X64;

/// <summary>The bits of an x86-64 page-table entry and their names (Intel SDM 3A, tables 4-14 to 4-20).</summary>
public static class X64Entry
{
    /// <summary>P: the entry is used.</summary>
    public const ulong Present = 1UL << 0;

    /// <summary>R/W: writes are let through.</summary>
    public const ulong Writable = 1UL << 1;

    /// <summary>U/S: user-mode accesses are let through.</summary>
    public const ulong UserAccess = 1UL << 2;

    /// <summary>PWT: page-level write-through.</summary>
    public const ulong WriteThrough = 1UL << 3;

    /// <summary>PCD: page-level cache disable.</summary>
    public const ulong CacheDisable = 1UL << 4;

    /// <summary>A: the CPU has used the entry.</summary>
    public const ulong Accessed = 1UL << 5;

    /// <summary>D: the CPU has written through the leaf.</summary>
    public const ulong Dirty = 1UL << 6;

    /// <summary>PS: above level 1, the entry is a leaf.</summary>
    public const ulong PageSize = 1UL << 7;

    /// <summary>G: the translation survives a CR3 write.</summary>
    public const ulong Global = 1UL << 8;

    /// <summary>NX (XD): instruction fetches are refused.</summary>
    public const ulong NoExecute = 1UL << 63;

    private const ulong SmallPagePat = 1UL << 7;
    private const ulong LargePagePat = 1UL << 12;
    private const int ProtectionKeyShift = 59;

    /// <summary>
    /// The flags of a present entry by the manual's names, in the order P RW US PWT PCD A D PS G PAT PK=n NX. Names that do not apply to the entry's kind are
    /// left out.
    /// </summary>
    /// <param name="entry">The entry.</param>
    /// <param name="level">Its level: 1 is a PTE.</param>
    public static IReadOnlyList<string> FlagNames(ulong entry, int level)
    {
        bool leaf = X64Format.IsLeaf(entry, level);
        List<string> names = [];
        void Add(ulong bit, string name)
        {
            if ((entry & bit) != 0)
            {
                names.Add(name);
            }
        }

        Add(Present, "P");
        Add(Writable, "RW");
        Add(UserAccess, "US");
        Add(WriteThrough, "PWT");
        Add(CacheDisable, "PCD");
        Add(Accessed, "A");
        if (leaf)
        {
            Add(Dirty, "D");
        }

        if (level > 1)
        {
            Add(PageSize, "PS");
        }

        if (leaf)
        {
            Add(Global, "G");
            Add(level == 1 ? SmallPagePat : LargePagePat, "PAT");
            int key = (int)((entry >> ProtectionKeyShift) & 0xf);
            if (key != 0 && (entry & UserAccess) != 0)
            {
                names.Add($"PK={key}");
            }
        }

        Add(NoExecute, "NX");
        return names;
    }

    /// <summary>What a level's table is called: "PML5", "PML4", "PDPT", "PD", "PT".</summary>
    public static string LevelName(int level) => level switch
    {
        5 => "PML5",
        4 => "PML4",
        3 => "PDPT",
        2 => "PD",
        1 => "PT",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "x86-64 tables have levels 1 to 5"),
    };
}
