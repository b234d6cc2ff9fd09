using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Kallsyms;

/// <summary>
/// What a kernel exports to modules: its tables __ksymtab and __ksymtab_gpl, which stand behind each other. They name variables also where kallsyms lists
/// functions alone (without CONFIG_KALLSYMS_ALL, as Debian's arm64 kernels until 6.1).
/// </summary>
/// <remarks>
/// An entry is three signed words, each a distance from itself: to the value, to the name, to the name's namespace (include/asm-generic/export.h and
/// include/linux/export.h since 5.4, where the architecture has CONFIG_HAVE_ARCH_PREL32_RELOCATIONS).
/// </remarks>
internal static class ExportedSymbols
{
    private const int EntryBytes = 12;
    private const int NameAt = 4;
    private const int LongestName = 512;
    private const int Fewest = 1000;

    // A kernel has one or two strings that are a seed, a hostile image as many as it likes, and for each the whole image is searched.
    private const int MostPlaces = 4;

    // Every kernel exports them.
    private static readonly string[] Seeds = ["init_task", "jiffies", "loops_per_jiffy"];

    /// <summary>The exported symbols whose value lies in an image; empty where there is no such table.</summary>
    /// <param name="image">The kernel's image.</param>
    /// <param name="start">The virtual address of its first byte.</param>
    public static IReadOnlyDictionary<string, Symbol> Find(ReadOnlySpan<byte> image, VirtualAddress start)
    {
        foreach (string seed in Seeds)
        {
            byte[] text = [0, .. Encoding.ASCII.GetBytes(seed), 0];
            int at = 0;
            int places = 0;
            for (int next = image.IndexOf(text); next >= 0 && places < MostPlaces; next = image[at..].IndexOf(text))
            {
                at += next + 1;
                places++;
                if (EntryNaming(image, at) is int entry && Read(image, start, entry) is { Count: >= Fewest } symbols)
                {
                    return symbols;
                }
            }
        }

        return new Dictionary<string, Symbol>(StringComparer.Ordinal);
    }

    // The entry whose second word leads to a name.
    private static int? EntryNaming(ReadOnlySpan<byte> image, int name)
    {
        ReadOnlySpan<int> words = MemoryMarshal.Cast<byte, int>(image);
        for (int i = 1; i < words.Length; i++)
        {
            if (words[i] == name - (i * sizeof(int)) && NameOf(image, (i - 1) * sizeof(int)) is not null
                && (NameOf(image, ((i - 1) * sizeof(int)) - EntryBytes) is not null || NameOf(image, ((i - 1) * sizeof(int)) + EntryBytes) is not null))
            {
                return (i - 1) * sizeof(int);
            }
        }

        return null;
    }

    private static Dictionary<string, Symbol> Read(ReadOnlySpan<byte> image, VirtualAddress start, int entry)
    {
        while (NameOf(image, entry - EntryBytes) is not null)
        {
            entry -= EntryBytes;
        }

        Dictionary<string, Symbol> symbols = new(StringComparer.Ordinal);
        for (; NameOf(image, entry) is string name; entry += EntryBytes)
        {
            long value = (long)entry + BinaryPrimitives.ReadInt32LittleEndian(image[entry..]);
            if (value >= 0 && value < image.Length)
            {
                symbols.TryAdd(name, new(start + (ulong)value, '?', name));
            }
        }

        return symbols;
    }

    // A C name, by the entry's second word; null where it leads to none.
    private static string? NameOf(ReadOnlySpan<byte> image, int entry)
    {
        if (entry < 0 || entry + EntryBytes > image.Length)
        {
            return null;
        }

        long at = (long)entry + NameAt + BinaryPrimitives.ReadInt32LittleEndian(image[(entry + NameAt)..]);
        if (at < 0 || at >= image.Length)
        {
            return null;
        }

        ReadOnlySpan<byte> text = image.Slice((int)at, (int)Math.Min(LongestName, image.Length - at));
        int length = text.IndexOf((byte)0);
        return length > 0 && !text[..length].ContainsAnyExcept(NameBytes) ? Encoding.ASCII.GetString(text[..length]) : null;
    }

    private static readonly System.Buffers.SearchValues<byte> NameBytes =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."u8);
}
