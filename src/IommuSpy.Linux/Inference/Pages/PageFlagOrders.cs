using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// enum pageflags as releases declare it (include/linux/page-flags.h). The kernel itself tells the values of some of its flags in VMCOREINFO, at the beginning,
/// middle and end of the enumeration; an order with which all of them agree is this kernel's. Configuration leaves flags out at the end: PG_hwpoison without
/// CONFIG_MEMORY_FAILURE, PG_uncached without CONFIG_X86_PAT. Where several orders agree, the flags are known that all of them have in one place.
/// </summary>
internal static class PageFlagOrders
{
    // What VMCOREINFO tells as NUMBER(PG_...).
    private static readonly string[] Told = ["lru", "private", "swapcache", "swapbacked", "slab", "hwpoison"];
    private const int FewestTold = 4;

    // Pages of the kernel's code that are looked at.
    private const ulong CodePages = 64;

    private static readonly (string Name, string[] Flags, (string Name, string Of)[] Aliases)[] Orders =
    [
        ("3.16 to 4.3",
            ["locked", "error", "referenced", "uptodate", "dirty", "lru", "active", "slab", "owner_priv_1", "arch_1", "reserved", "private", "private_2",
                "writeback", "head", "tail", "swapcache",
                "mappedtodisk", "reclaim", "swapbacked", "unevictable", "mlocked", "uncached", "hwpoison"],
            [("checked", "owner_priv_1")]),
        ("4.4 to 4.9",
            ["locked", "error", "referenced", "uptodate", "dirty", "lru", "active", "slab", "owner_priv_1", "arch_1", "reserved", "private", "private_2",
                "writeback", "head", "swapcache",
                "mappedtodisk", "reclaim", "swapbacked", "unevictable", "mlocked", "uncached", "hwpoison"],
            [("checked", "owner_priv_1")]),
        ("4.10 to 4.19",
            ["locked", "error", "referenced", "uptodate", "dirty", "lru", "active", "waiters", "slab", "owner_priv_1", "arch_1", "reserved", "private",
                "private_2", "writeback", "head",
                "mappedtodisk", "reclaim", "swapbacked", "unevictable", "mlocked", "uncached", "hwpoison"],
            [("swapcache", "owner_priv_1"), ("checked", "owner_priv_1")]),
        ("4.20 to 6.1",
            ["locked", "referenced", "uptodate", "dirty", "lru", "active", "workingset", "waiters", "error", "slab", "owner_priv_1", "arch_1", "reserved",
                "private", "private_2", "writeback", "head",
                "mappedtodisk", "reclaim", "swapbacked", "unevictable", "mlocked", "uncached", "hwpoison"],
            [("swapcache", "owner_priv_1"), ("checked", "owner_priv_1"), ("reported", "uptodate")]),
        ("6.12",
            ["locked", "writeback", "referenced", "uptodate", "dirty", "lru", "head", "waiters", "active", "workingset", "owner_priv_1", "owner_2", "arch_1",
                "reserved", "private", "private_2", "reclaim",
                "swapbacked", "unevictable", "mlocked", "hwpoison"],
            [("swapcache", "owner_priv_1"), ("checked", "owner_priv_1"), ("anon_exclusive", "owner_2"), ("mappedtodisk", "owner_2"), ("reported", "uptodate")]),
        ("7.2",
            ["locked", "writeback", "referenced", "uptodate", "dirty", "lru", "head", "waiters", "active", "workingset", "owner_priv_1", "owner_2", "arch_1",
                "reserved", "private", "private_2", "reclaim",
                "swapbacked", "unevictable", "dropbehind", "mlocked", "hwpoison"],
            [("swapcache", "owner_priv_1"), ("checked", "owner_priv_1"), ("anon_exclusive", "owner_2"), ("mappedtodisk", "owner_2"), ("reported", "uptodate")]),
    ];

    /// <summary>Adds the flags that are known: those of an order, or those that VMCOREINFO tells. Returns PG_slab; null where it is not known.</summary>
    /// <param name="context">What is looked at.</param>
    /// <param name="note">What tells some of the flags.</param>
    /// <param name="flagsAt">page.flags; null where that is not known.</param>
    public static int? Add(InferenceContext context, VmCoreInfoNote note, int? flagsAt)
    {
        Dictionary<string, long> told = [];
        foreach (string name in Told)
        {
            if (note.TryGetNumber("PG_" + name, out long value))
            {
                told[name] = value;
            }
        }

        if (note.TryGetNumber("PG_head_mask", out long mask) && mask > 0 && System.Numerics.BitOperations.IsPow2(mask))
        {
            told["head"] = System.Numerics.BitOperations.TrailingZeroCount(mask);
        }

        bool poison = told.ContainsKey("hwpoison");
        List<Enumerator>[] fitting = told.Count < FewestTold ? []
            : [.. Orders.SelectMany(order => Configured(context, order.Flags, poison).Select(flags => Values(flags, order.Aliases)))
                .Where(values => told.All(pair => values.Contains(new("PG_" + pair.Key, pair.Value))) && (poison || FitsCode(context, values, flagsAt)))];
        if (fitting.Length > 0)
        {
            List<Enumerator> agreed = [.. fitting[0].Where(flag => fitting.All(values => values.Contains(flag)))];
            context.Book.Enumeration("pageflags", agreed);
            return agreed.Where(flag => flag.Name == "PG_slab").Select(flag => (int?)flag.Value).FirstOrDefault();
        }

        foreach ((string name, long value) in told)
        {
            context.Book.Enumerator("PG_" + name, value);
        }

        return told.TryGetValue("slab", out long slab) ? (int)slab : null;
    }

    // An order as options may leave it. What VMCOREINFO says of the last flag tells them apart; else pat_init is there where PG_uncached is.
    private static IEnumerable<string[]> Configured(InferenceContext context, string[] flags, bool poison)
    {
        string[] cached = [.. flags.Where(name => name != "uncached")];
        return poison ? [flags, cached]
            : [[.. (context.SymbolAddress("pat_init") is null ? cached : flags).Where(name => name != "hwpoison")]];
    }

    // Whose use is known without any flag: pages of the kernel's code are reserved, on no list of pages to reclaim, and no slab's.
    private static bool FitsCode(InferenceContext context, List<Enumerator> values, int? flagsAt)
    {
        if (flagsAt is not int at || PageLists.Of(context) is not PageLists pages || context.SymbolAddress("_stext") is not ulong code
            || !context.Kernel.Text.Contains(new(code)))
        {
            return false;
        }

        ulong Bit(string name) => values.Where(flag => flag.Name == name).Select(flag => 1UL << (int)flag.Value).FirstOrDefault();
        ulong first = context.Kernel.Text.ToPhysical(new(code)).Frame.Number;
        ulong others = Bit("PG_lru") | Bit("PG_slab") | Bit("PG_active");
        for (ulong i = 0; i < CodePages; i++)
        {
            ulong flags = context.Read(pages.Page(first + i), at);
            if ((flags & Bit("PG_reserved")) == 0 || (flags & others) != 0)
            {
                return false;
            }
        }

        return true;
    }

    private static List<Enumerator> Values(string[] flags, (string Name, string Of)[] aliases) =>
        [.. flags.Select((name, value) => new Enumerator("PG_" + name, value)),
            .. aliases.Select(alias => new Enumerator("PG_" + alias.Name, Array.IndexOf(flags, alias.Of)))];
}
