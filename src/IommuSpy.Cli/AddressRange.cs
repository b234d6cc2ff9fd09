using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>A range of addresses from the command line.</summary>
internal static class AddressRange
{
    /// <summary>Reads A-B.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static (VirtualAddress First, VirtualAddress Last) Parse(Machine machine, string text)
    {
        int dash = text.IndexOf('-', StringComparison.Ordinal);
        if (dash <= 0 || dash == text.Length - 1)
        {
            throw new UsageException($"--range '{text}': write A-B, two addresses");
        }

        VirtualAddress first = Addresses.Virtual(machine, text[..dash]);
        VirtualAddress last = Addresses.Virtual(machine, text[(dash + 1)..]);
        return first.CompareTo(last) <= 0 ? (first, last) : throw new UsageException($"--range '{text}': ends before it begins");
    }
}
