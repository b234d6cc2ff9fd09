using System.Globalization;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>
/// QEMU's own walk of the current tables of the first CPU, address by address, for guests of which it does not print all mappings: addresses of symbols and of
/// pieces of vmalloc space, of the process that runs, and some that are mapped nowhere.
/// </summary>
internal static class CpuTranslations
{
    private const int EachSymbol = 40;
    private const int PagesOfEach = 4;
    private const ulong Page = 4096;

    /// <summary>Writes a line for each address: the address and what it translates to in hexadecimal, or "-".</summary>
    public static void Write(QmpClient monitor, string guest, string path)
    {
        SortedSet<ulong> addresses = [];
        int line = 0;
        foreach (string symbol in File.ReadLines(Path.Combine(guest, "kallsyms")).Where(_ => line++ % EachSymbol == 0))
        {
            addresses.Add(ulong.Parse(symbol.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        }

        foreach (string mapping in Directory.GetDirectories(Path.Combine(guest, "proc")).SelectMany(process => File.ReadLines(Path.Combine(process, "maps"))))
        {
            AddPages(addresses, mapping.Split('-', ' '));
        }

        // Addresses there are hashed for whoever may not see them, and the guest writes them plainly for root.
        foreach (string area in File.ReadLines(Path.Combine(guest, "vmallocinfo")).Where(area => area.StartsWith("0xffff", StringComparison.Ordinal)))
        {
            AddPages(addresses, [.. area.Replace("0x", "", StringComparison.Ordinal).Split('-', ' ')]);
        }

        using StreamWriter output = File.CreateText(path);
        foreach (ulong address in addresses)
        {
            string answer = monitor.ExecuteHuman($"gva2gpa 0x{address:x}").Trim();
            const string Mapped = "gpa: 0x";
            string physical = answer.StartsWith(Mapped, StringComparison.Ordinal) ? answer[Mapped.Length..]
                : answer == "Unmapped" ? "-" : throw new LabException($"gva2gpa: {answer}");
            output.Write($"{address:x16} {physical}\n");
        }
    }

    private static void AddPages(SortedSet<ulong> addresses, string[] range)
    {
        ulong first = ulong.Parse(range[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        ulong end = ulong.Parse(range[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        for (ulong page = 0; page < PagesOfEach && first + (page * Page) < end; page++)
        {
            addresses.Add(first + (page * Page) + (page * 8));
        }

        addresses.Add(end);
    }
}
