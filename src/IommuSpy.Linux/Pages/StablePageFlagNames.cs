using System.Numerics;

namespace IommuSpy.Linux.Pages;

/// <summary>The names that the kernel's page-types gives to the bits of /proc/kpageflags (tools/mm/page-types.c).</summary>
public static class StablePageFlagNames
{
    // By bit; a letter and a name each. Bits 27-31 and 43 on have neither.
    private static readonly string?[] Names =
    [
        "L:locked", "E:error", "R:referenced", "U:uptodate", "D:dirty", "l:lru", "A:active", "S:slab", "W:writeback", "I:reclaim", "B:buddy", "M:mmap",
        "a:anonymous", "s:swapcache", "b:swapbacked",
        "H:compound_head", "T:compound_tail", "G:huge", "u:unevictable", "X:hwpoison", "n:nopage", "x:ksm", "t:thp", "o:offline", "z:zero_page", "i:idle_page",
        "g:pgtable",
        null, null, null, null, null,
        "r:reserved", "m:mlocked", "d:mappedtodisk", "P:private", "p:private_2", "O:owner_private", "h:arch", "c:uncached", "f:softdirty", "H:arch_2",
        "J:arch_3",
    ];

    /// <summary>The names of the bits that are set, lowest first; "bit 50" for one that has none.</summary>
    public static IReadOnlyList<string> Of(StablePageFlags flags)
    {
        List<string> names = [];
        for (ulong left = (ulong)flags; left != 0; left &= left - 1)
        {
            int bit = BitOperations.TrailingZeroCount(left);
            names.Add(bit < Names.Length && Names[bit] is string name ? name[2..] : $"bit {bit}");
        }

        return names;
    }

    /// <summary>A letter for each bit that is set and an underscore for each that is not.</summary>
    public static string Letters(StablePageFlags flags)
    {
        Span<char> letters = stackalloc char[Names.Length];
        int count = 0;
        for (int bit = 0; bit < Names.Length; bit++)
        {
            if (Names[bit] is string name)
            {
                letters[count++] = (((ulong)flags >> bit) & 1) != 0 ? name[0] : '_';
            }
        }

        return new(letters[..count]);
    }
}
