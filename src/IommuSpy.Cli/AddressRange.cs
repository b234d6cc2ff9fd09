using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>A range of addresses from the command line.</summary>
internal static class AddressRange
{
    /// <summary>Reads A-B.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (VirtualAddress First, VirtualAddress Last) Parse(Machine machine, string text) => Parse(text, address => Addresses.Virtual(machine, address));

    /// <summary>Reads A-B, two numbers.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (VirtualAddress First, VirtualAddress Last) Parse(string text) => Parse(
        text, address => AddressExpression.TryParseNumber(address, out ulong number) ? new(number) : throw new UsageException($"'{address}' is no address: write 0x hexadecimal or decimal"));

    private static (VirtualAddress First, VirtualAddress Last) Parse(string text, Func<string, VirtualAddress> parse)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash <= 0 || dash == text.Length - 1)
        {
            throw new UsageException($"--range '{text}': write A-B, two addresses");
        }

        VirtualAddress first = parse(text[..dash]);
        VirtualAddress last = parse(text[(dash + 1)..]);
        return first.CompareTo(last) <= 0 ? (first, last) : throw new UsageException($"--range '{text}': ends before it begins");
    }
}
