using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Inference.Pages;

/// <summary>
/// enum pageflags as releases declare it (include/linux/page-flags.h). The kernel itself tells the values of some of its flags in VMCOREINFO, at the beginning,
/// middle and end of the enumeration; an order with which all of them agree is this kernel's up to the last of them.
/// </summary>
internal static class PageFlagOrders
{
    // What VMCOREINFO tells as NUMBER(PG_...).
    private static readonly string[] Told = ["lru", "private", "swapcache", "swapbacked", "slab", "hwpoison"];
    private const int FewestTold = 4;

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

    /// <summary>Adds the flags that are known: all of an order, or those that VMCOREINFO tells. Returns PG_slab; null where it is not known.</summary>
    public static int? Add(InferenceContext context, VmCoreInfoNote note)
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

        List<Enumerator>[] fitting = [.. Orders.Select(order => Values(order.Flags, order.Aliases)).Where(values =>
            told.Count >= FewestTold && told.ContainsKey("hwpoison") && told.All(pair => values.Contains(new("PG_" + pair.Key, pair.Value))))];
        if (fitting.Length == 1)
        {
            context.Book.Enumeration("pageflags", fitting[0]);
            return fitting[0].Where(flag => flag.Name == "PG_slab").Select(flag => (int?)flag.Value).FirstOrDefault();
        }

        foreach ((string name, long value) in told)
        {
            context.Book.Enumerator("PG_" + name, value);
        }

        return told.TryGetValue("slab", out long slab) ? (int)slab : null;
    }

    private static List<Enumerator> Values(string[] flags, (string Name, string Of)[] aliases) =>
        [.. flags.Select((name, value) => new Enumerator("PG_" + name, value)),
            .. aliases.Select(alias => new Enumerator("PG_" + alias.Name, Array.IndexOf(flags, alias.Of)))];
}
