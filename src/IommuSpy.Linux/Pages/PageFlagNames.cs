using System.Numerics;
using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Pages;

/// <summary>The names of the bits of struct page's flags word, as this kernel's enum pageflags has them, without PG_: "lru", "swapbacked".</summary>
/// <remarks>Several names may stand for one bit, for several kinds of page; the first that is declared is the bit's name, the others are its aliases.</remarks>
public sealed class PageFlagNames
{
    private const string Prefix = "PG_";
    private const int Bits = 64;

    // Those that decide what a page is.
    private static readonly string[] Known =
        ["locked", "error", "referenced", "uptodate", "dirty", "lru", "active", "slab", "owner_priv_1", "arch_1", "reserved", "private", "private_2",
            "writeback", "head", "tail",
            "compound", "swapcache", "mappedtodisk", "reclaim", "swapbacked", "unevictable", "mlocked", "uncached", "hwpoison"];

    private readonly string?[] _names = new string?[Bits];
    private readonly Dictionary<string, int> _bits = new(StringComparer.Ordinal);

    private PageFlagNames(KernelTypes types)
    {
        if (types.Find("pageflags")?.Resolved is EnumType flags)
        {
            foreach (Enumerator value in flags.Values)
            {
                Add(value.Name, value.Value);
            }

            return;
        }

        // A description without enum pageflags may still know some of its values.
        foreach (string name in Known)
        {
            if (types.FindEnumerator(Prefix + name) is long value)
            {
                Add(Prefix + name, value);
            }
        }
    }

    /// <summary>The names of an enumeration of a kernel's types; none where nothing describes them.</summary>
    public static PageFlagNames Of(KernelTypes types) => new(types);

    /// <summary>Bits that have a name.</summary>
    public ulong Mask { get; private set; }

    /// <summary>The bit of a flag by its name or an alias, without PG_; null where this kernel has none of that name.</summary>
    public int? Bit(string name) => _bits.TryGetValue(name, out int bit) ? bit : null;

    /// <summary>The names of the bits that are set, lowest first. Bits above the flags (zone, node) are left out.</summary>
    public IReadOnlyList<string> Of(ulong flags)
    {
        List<string> names = [];
        for (ulong left = flags & Mask; left != 0; left &= left - 1)
        {
            names.Add(_names[BitOperations.TrailingZeroCount(left)]!);
        }

        return names;
    }

    private void Add(string name, long value)
    {
        if (name.StartsWith(Prefix, StringComparison.Ordinal) && value is >= 0 and < Bits)
        {
            string flag = name[Prefix.Length..];
            _bits.TryAdd(flag, (int)value);
            _names[value] ??= flag;
            Mask |= 1UL << (int)value;
        }
    }
}
