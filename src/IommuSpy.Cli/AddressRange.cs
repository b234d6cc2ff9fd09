using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>A range of addresses from the command line: from A up to B, which is not in it.</summary>
internal static class AddressRange
{
    /// <summary>Reads A-B; first and last are in it.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks.</exception>
    public static (VirtualAddress First, VirtualAddress Last) Parse(Machine machine, string text) =>
        Virtual(text, address => Addresses.Virtual(machine, address).Value);

    /// <summary>Reads A-B, two numbers.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (VirtualAddress First, VirtualAddress Last) Parse(string text) => Virtual(text, address => Addresses.VirtualNumber(address).Value);

    /// <summary>Reads A-B, two I/O virtual addresses.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (IoVirtualAddress First, IoVirtualAddress Last) ParseIo(string text)
    {
        (ulong first, ulong last) = Ends(text, address => Addresses.IoVirtual(address).Value);
        return (new(first), new(last));
    }

    private static (VirtualAddress First, VirtualAddress Last) Virtual(string text, Func<string, ulong> parse)
    {
        (ulong first, ulong last) = Ends(text, parse);
        return (new(first), new(last));
    }

    private static (ulong First, ulong Last) Ends(string text, Func<string, ulong> parse)
    {
        (ulong first, ulong behind) = Split(text, parse);
        if (first > behind)
        {
            throw new UsageException($"--range '{text}': ends before it begins");
        }

        // Where both are the same, that address is meant.
        return (first, first == behind || behind == ulong.MaxValue ? behind : behind - 1);
    }

    private static (ulong First, ulong Behind) Split(string text, Func<string, ulong> parse)
    {
        // A dash may also take an offset away, as in "init_task-0x10-init_task": the right one has an address on both sides.
        UsageException? refused = null;
        for (int dash = text.IndexOf('-', StringComparison.Ordinal); dash >= 0; dash = text.IndexOf('-', dash + 1))
        {
            string start = text[..dash].Trim();
            string end = text[(dash + 1)..].Trim();
            try
            {
                if (start.Length > 0 && end.Length > 0)
                {
                    return AddressExpression.TryParseMapsRange(start, end, out (ulong First, ulong Second) ends) ? ends : (parse(start), parse(end));
                }
            }
            catch (UsageException e)
            {
                refused ??= e;
            }
        }

        throw refused ?? new UsageException($"--range '{text}': write A-B, two addresses");
    }
}
