using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab.Recording;

/// <summary>Where the kernel's own variables and symbols say it is: kallsyms for the addresses, QEMU for the values at them.</summary>
internal static partial class KernelValues
{
    private static readonly string[] Variables = ["page_offset_base", "vmalloc_base", "vmemmap_base", "phys_base", "memstart_addr", "kimage_voffset"];
    private static readonly string[] Addresses =
        ["_text", "_stext", "_etext", "_sdata", "_edata", "_end", "init_top_pgt", "swapper_pg_dir", "init_task", "linux_banner"];

    /// <summary>
    /// Reads the variables through a stopped CPU's own page tables, which map the kernel unless it stands in user mode or inside a guest of its own: then
    /// through the next one's. Where none maps it, x86 kernels say in /proc/iomem where their code begins, with _text.
    /// </summary>
    /// <param name="monitor">The stopped guest's.</param>
    /// <param name="kallsyms">The guest's kallsyms.</param>
    /// <param name="iomem">The guest's /proc/iomem.</param>
    /// <param name="path">Where to.</param>
    public static void Write(QmpClient monitor, string kallsyms, string iomem, string path)
    {
        ulong? code = File.ReadLines(iomem).Select(line => Code().Match(line)).FirstOrDefault(line => line.Success) is { } line
            ? ulong.Parse(line.Groups["start"].Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture) : null;
        Dictionary<string, ulong> symbols = FindSymbols(kallsyms);
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in Variables.Where(symbols.ContainsKey))
        {
            string answer = monitor.ExecuteHuman($"x /1gx 0x{symbols[name]:x}");
            Match match = Word().Match(answer);
            if (!match.Success)
            {
                // The first CPU may stand in user mode, or inside a guest of its own.
                answer = monitor.ExecuteHuman($"x /1gx 0x{symbols[name]:x}", cpu: 1);
                match = Word().Match(answer);
            }

            if (!match.Success && code is ulong start && symbols.TryGetValue("_text", out ulong text) && !symbols.ContainsKey("memstart_addr"))
            {
                answer = monitor.ExecuteHuman($"xp /1gx 0x{start + (symbols[name] - text):x}");
                match = Word().Match(answer);
            }

            if (!match.Success)
            {
                throw new LabException($"QEMU cannot read {name} at 0x{symbols[name]:x}: {answer.Trim()}");
            }

            values[name] = match.Groups["value"].Value;
        }

        foreach (string name in Addresses.Where(symbols.ContainsKey))
        {
            values[name] = $"0x{symbols[name]:x16}";
        }

        File.WriteAllText(path, JsonSerializer.Serialize(values, LabJson.Options));
    }

    private static Dictionary<string, ulong> FindSymbols(string kallsyms)
    {
        var wanted = Variables.Concat(Addresses).ToHashSet(StringComparer.Ordinal);
        var found = new Dictionary<string, ulong>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(kallsyms))
        {
            string[] fields = line.Split(' ', '\t');
            if (fields.Length == 3 && wanted.Contains(fields[2]))
            {
                found.TryAdd(fields[2], ulong.Parse(fields[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            }
        }

        return found;
    }

    [GeneratedRegex("^ *(?<start>[0-9a-f]+)-[0-9a-f]+ : Kernel code$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Code();

    [GeneratedRegex(": (?<value>0x[0-9a-f]{16})", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Word();
}
