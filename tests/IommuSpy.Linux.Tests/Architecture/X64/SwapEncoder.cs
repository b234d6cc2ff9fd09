namespace IommuSpy.Linux.Tests.Architecture.X64;

/// <summary>
/// Makes page-table entries as the kernel does: written from the comments and macros of arch/x86/include/asm/pgtable_64.h, not from our reader.
/// </summary>
internal static class SwapEncoder
{
    /// <summary>Since 4.18.1: "The offset is stored inverted": ~offset shifted up and down again, type in the top 5 bits.</summary>
    public static ulong Inverted(ulong type, ulong offset) => (~offset << 14 >> 5) | (type << 59);

    /// <summary>4.8 to 4.18.0: "OFFSET (14 -> 63) | TYPE (9-13)".</summary>
    public static ulong Since48(ulong type, ulong offset) => (type << 9) | (offset << 14);

    /// <summary>Up to 4.7: type from bit 1 on, offset after the PROT_NONE bit.</summary>
    public static ulong Before48(ulong type, ulong offset) => (type << 1) | (offset << 9);

    /// <summary>The same where bit 9 is _PAGE_NUMA.</summary>
    public static ulong Before48Numa(ulong type, ulong offset) => (type << 1) | (offset << 10);

    /// <summary>pte_modify(pte, PAGE_NONE) since L1TF: the frame's bits are inverted, _PAGE_PROTNONE and _PAGE_ACCESSED set.</summary>
    /// <param name="address">The page's address.</param>
    /// <param name="addressBits">physical_mask, page aligned, or its large-page part.</param>
    public static ulong ProtNone(ulong address, ulong addressBits) => (~address & addressBits) | 0x120;

    /// <summary>make_readable_migration_entry since 6.1: the frame, then accessed and dirty bits above SWP_PFN_BITS.</summary>
    public static ulong Migration(ulong type, ulong frame, int frameBits, bool accessed, bool dirty) =>
        Inverted(type, frame | ((accessed ? 1UL : 0) << frameBits) | ((dirty ? 1UL : 0) << (frameBits + 1)));
}
