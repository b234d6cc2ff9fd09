using System.Globalization;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tracing;

/// <summary>Something was mapped for a device, or unmapped.</summary>
/// <param name="Microseconds">When, by CLOCK_MONOTONIC.</param>
/// <param name="IsMap">Mapped, rather than unmapped.</param>
/// <param name="Domain">The struct iommu_domain; null where the event names the device.</param>
/// <param name="Device">The device: "0000:00:02.0"; null where the event names the domain.</param>
/// <param name="Address">The first I/O virtual address.</param>
/// <param name="Length">Length of the mapping, in bytes.</param>
public readonly record struct MappingEvent(long Microseconds, bool IsMap, VirtualAddress? Domain, string? Device, IoVirtualAddress Address, ulong Length)
{
    private const long MicrosecondsInSecond = 1_000_000;

    /// <summary>Reads a line of a trace_pipe: "  dd-250  [000] ....  23.944817: NAME: ... iova=... size=..." (kernel/trace/trace_output.c).</summary>
    /// <param name="line">The line.</param>
    /// <param name="name">The event's name.</param>
    /// <param name="isMap">What it means.</param>
    /// <returns>The event; null where the line is another's, or cut.</returns>
    public static MappingEvent? Parse(ReadOnlySpan<char> line, string name, bool isMap)
    {
        int at = line.IndexOf($": {name}: ", StringComparison.Ordinal);
        if (at < 0 || !TryTime(line[..at], out long microseconds))
        {
            return null;
        }

        ulong? domain = null, address = null, length = null;
        string? device = null;
        ReadOnlySpan<char> fields = line[(at + name.Length + 4)..];
        foreach (Range part in fields.Split(' '))
        {
            ReadOnlySpan<char> field = fields[part];
            int equals = field.IndexOf('=');
            if (equals < 0)
            {
                continue;
            }

            ReadOnlySpan<char> value = field[(equals + 1)..];
            switch (field[..equals])
            {
                case "dev":
                    device = value.ToString();
                    break;
                case "domain":
                    domain = Number(value);
                    break;
                case "iova" or "dev_addr":
                    address = Number(value);
                    break;
                case "size":
                    length = Number(value);
                    break;
            }
        }

        return address is ulong first && length is ulong bytes && (device is not null || domain is not null)
            ? new(microseconds, isMap, domain is ulong pointer ? new(pointer) : null, device, new(first), bytes)
            : null;
    }

    /// <summary>The same for the pages that it is about: some events give the bytes in them that a driver asked for.</summary>
    /// <param name="isLengthOfPages">Whether the length is that of the pages already, counted from the first one's start.</param>
    public MappingEvent WholePages(bool isLengthOfPages)
    {
        const ulong InPage = PageFrame.Size - 1;
        ulong offset = Address.Value & InPage;
        ulong length = isLengthOfPages ? Length : offset + Length;
        return this with { Address = new(Address.Value - offset), Length = (length + InPage) & ~InPage };
    }

    // "... 23.944817": the last word before the name.
    private static bool TryTime(ReadOnlySpan<char> text, out long microseconds)
    {
        ReadOnlySpan<char> word = text[(text.LastIndexOf(' ') + 1)..];
        int dot = word.IndexOf('.');
        microseconds = 0;
        if (dot <= 0 || word.Length - dot - 1 != 6
            || !long.TryParse(word[..dot], NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
            || !long.TryParse(word[(dot + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out long fraction)
            || seconds > long.MaxValue / MicrosecondsInSecond - 1)
        {
            return false;
        }

        microseconds = (seconds * MicrosecondsInSecond) + fraction;
        return true;
    }

    private static ulong? Number(ReadOnlySpan<char> text) =>
        text.StartsWith("0x") ? ulong.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong hex) ? hex : null
        : ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) ? number : null;
}
