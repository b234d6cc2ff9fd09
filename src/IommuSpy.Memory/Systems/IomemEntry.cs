using System.Globalization;

namespace IommuSpy.Memory.Systems;

/// <summary>A line of /proc/iomem: a run of physical addresses and what it is used for (kernel/resource.c).</summary>
/// <param name="Depth">How many others it lies in.</param>
/// <param name="Range">The addresses.</param>
/// <param name="Name">"System RAM", "Kernel code", "0000:00:02.0", "dmar0".</param>
public sealed record IomemEntry(int Depth, PhysicalRange Range, string Name)
{
    /// <summary>Whether it is memory: also where it was added later ("System RAM (kmem)").</summary>
    public bool IsMemory => Name.StartsWith("System RAM", StringComparison.Ordinal);

    /// <summary>Reads the whole file. Who lacks CAP_SYS_ADMIN is shown zeros for every address since 4.6: then it is empty.</summary>
    public static IReadOnlyList<IomemEntry> Parse(string text)
    {
        List<IomemEntry> entries = [];
        foreach (string line in text.Split('\n'))
        {
            string trimmed = line.TrimStart(' ');
            int colon = trimmed.IndexOf(" : ", StringComparison.Ordinal);
            int dash = trimmed.IndexOf('-', StringComparison.Ordinal);
            if (colon > dash && dash > 0
                && ulong.TryParse(trimmed.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong first)
                && ulong.TryParse(trimmed.AsSpan(dash + 1, colon - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong last)
                && first <= last && last != ulong.MaxValue)
            {
                entries.Add(new((line.Length - trimmed.Length) / 2, new(new(first), last - first + 1), trimmed[(colon + 3)..]));
            }
        }

        return entries.TrueForAll(entry => entry.Range is { Start.Value: 0, Length: 1 }) ? [] : entries;
    }

    /// <summary>The runs that are memory, in order, whole pages.</summary>
    public static IReadOnlyList<PhysicalRange> Memory(IReadOnlyList<IomemEntry> entries)
    {
        const ulong InPage = PageFrame.Size - 1;
        List<PhysicalRange> ranges = [];
        foreach (IomemEntry entry in entries.Where(entry => entry.IsMemory).OrderBy(entry => entry.Range.Start))
        {
            ulong first = (entry.Range.Start.Value + InPage) & ~InPage;
            ulong end = (entry.Range.Last.Value + 1) & ~InPage;
            first = ranges.Count > 0 ? Math.Max(first, ranges[^1].Last.Value + 1) : first;
            if (first < end)
            {
                ranges.Add(new(new(first), end - first));
            }
        }

        return ranges;
    }
}
