namespace IommuSpy.Translation.Arm64;

/// <summary>The bits of an arm64 stage 1 descriptor (Arm ARM, D8.3.1 and D8.3.2).</summary>
public static class Arm64Descriptor
{
    /// <summary>The descriptor is used.</summary>
    public const ulong Valid = 1UL << 0;

    /// <summary>Above the last level: it leads to a table and is no block. At the last level it must be set.</summary>
    public const ulong Table = 1UL << 1;

    /// <summary>AP[1]: EL0 may access.</summary>
    public const ulong UserAccess = 1UL << 6;

    /// <summary>AP[2]: no writes; with <see cref="DirtyModifier"/>, not written yet.</summary>
    public const ulong ReadOnly = 1UL << 7;

    /// <summary>AF: it has been used.</summary>
    public const ulong Accessed = 1UL << 10;

    /// <summary>nG: for the address space of one ASID.</summary>
    public const ulong NotGlobal = 1UL << 11;

    /// <summary>DBM: hardware that manages the dirty state clears AP[2] at the first write. Linux writes it where writes are allowed.</summary>
    public const ulong DirtyModifier = 1UL << 51;

    /// <summary>One of a run of entries that may share one entry of a TLB: it changes nothing in the walk.</summary>
    public const ulong Contiguous = 1UL << 52;

    /// <summary>PXN: EL1 does not execute.</summary>
    public const ulong PrivilegedExecuteNever = 1UL << 53;

    /// <summary>UXN: EL0 does not execute.</summary>
    public const ulong UserExecuteNever = 1UL << 54;

    /// <summary>Of a table descriptor, PXNTable: below it EL1 does not execute.</summary>
    public const ulong TablePrivilegedExecuteNever = 1UL << 59;

    /// <summary>Of a table descriptor, UXNTable: below it EL0 does not execute.</summary>
    public const ulong TableUserExecuteNever = 1UL << 60;

    /// <summary>Of a table descriptor, APTable[0]: below it EL0 has no access.</summary>
    public const ulong TableNoUser = 1UL << 61;

    /// <summary>Of a table descriptor, APTable[1]: below it nothing is written.</summary>
    public const ulong TableReadOnly = 1UL << 62;

    private const ulong NonSecure = 1UL << 5;
    private const ulong NonSecureTable = 1UL << 63;
    private const ulong NoTranslation = 1UL << 16;
    private const ulong Guarded = 1UL << 50;
    private const int AttributeShift = 2;
    private const int ShareabilityShift = 8;
    private const int FirstSoftwareBit = 55;
    private const int LastSoftwareBit = 58;

    /// <summary>Which of the eight memory types of MAIR_ELx a leaf has.</summary>
    public static int AttributeIndex(ulong leaf) => (int)(leaf >> AttributeShift) & 7;

    internal static IReadOnlyList<string> FlagNames(ulong entry, int level, bool isLeaf, bool hasShareability)
    {
        List<string> names = ["Valid"];
        void Add(ulong bit, string name)
        {
            if ((entry & bit) != 0)
            {
                names.Add(name);
            }
        }

        if (!isLeaf)
        {
            names.Add("Table");
            Add(Accessed, "AF");
            Add(TablePrivilegedExecuteNever, "PXNTable");
            Add(TableUserExecuteNever, "UXNTable");
            Add(TableNoUser, "APTable[0]");
            Add(TableReadOnly, "APTable[1]");
            Add(NonSecureTable, "NSTable");
            return names;
        }

        names.Add(level == 1 ? "Page" : "Block");
        names.Add($"AttrIndx={AttributeIndex(entry)}");
        Add(NonSecure, "NS");
        Add(UserAccess, "AP[1]");
        Add(ReadOnly, "AP[2]");
        if (hasShareability && (int)(entry >> ShareabilityShift) % 4 is var shareability and not 0)
        {
            names.Add($"SH={shareability}");
        }

        Add(Accessed, "AF");
        Add(NotGlobal, "nG");
        if (level > 1)
        {
            Add(NoTranslation, "nT");
        }

        Add(Guarded, "GP");
        Add(DirtyModifier, "DBM");
        Add(Contiguous, "Contiguous");
        Add(PrivilegedExecuteNever, "PXN");
        Add(UserExecuteNever, "UXN");
        for (int bit = FirstSoftwareBit; bit <= LastSoftwareBit; bit++)
        {
            Add(1UL << bit, $"SW{bit}");
        }

        return names;
    }
}
