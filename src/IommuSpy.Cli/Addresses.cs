using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Addresses from the command line.</summary>
internal static class Addresses
{
    /// <summary>A virtual address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks.</exception>
    public static VirtualAddress Virtual(Machine machine, string text) => new(Parse(machine, text));

    /// <summary>A physical address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static PhysicalAddress Physical(string text) => AddressExpression.TryParseNumber(text, out ulong address)
        ? new(address)
        : throw new UsageException($"'{text}' is no physical address: write 0x and hexadecimal, or decimal");

    /// <summary>A physical page: a pfn, a physical address, or a kernel's address of it.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks, or an address that it does not map.</exception>
    public static PhysicalAddress Page(Machine machine, string text) => PageExpression.TryParse(machine, text, out PhysicalAddress address, out string? problem)
        ? address
        : throw Refusal(problem);

    private static Exception Refusal(string problem) =>
        problem.Contains("no such symbol", StringComparison.Ordinal) || problem.Contains("no symbols", StringComparison.Ordinal) || problem.Contains("maps nothing", StringComparison.Ordinal)
            ? new NoAnswerException(problem)
            : new UsageException(problem);

    private static ulong Parse(Machine machine, string text)
    {
        if (AddressExpression.TryParse(text, machine, out ulong address, out string? problem))
        {
            return address;
        }

        throw Refusal(problem);
    }
}
