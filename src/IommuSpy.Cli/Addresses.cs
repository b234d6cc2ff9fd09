using IommuSpy.Analysis;
using IommuSpy.Cli.Sessions;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Addresses from the command line.</summary>
internal static class Addresses
{
    /// <summary>Where the help of a command leads to.</summary>
    public const string Spellings = "0x hexadecimal, hexadecimal of 8 digits and more as listings print it, decimal, or symbol[+offset] (docs/addresses.md)";

    /// <summary>What a page may be, for help.</summary>
    public const string PageSpellings = "pfn:N, phys:ADDR, a kernel address, or symbol[+offset] (docs/addresses.md); a number too large for a pfn of this "
        + "machine is a physical address.";

    /// <summary>One virtual address.</summary>
    /// <exception cref="UsageException">The text is none, or several.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks.</exception>
    public static VirtualAddress Virtual(Machine machine, string text)
    {
        IReadOnlyList<NamedAddress> all = EachVirtual(machine, text);
        return AddressExpression.IsOne(text, all, out AddressProblem? problem) ? all[0].Virtual : throw Refusal(problem);
    }

    /// <summary>A virtual address: one, or of a per-CPU symbol each CPU's.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks.</exception>
    public static IReadOnlyList<NamedAddress> EachVirtual(Machine machine, string text) =>
        AddressExpression.TryParseVirtual(text, machine, out IReadOnlyList<NamedAddress> all, out AddressProblem? problem) ? Named(all)
            : throw Refusal(problem);

    /// <summary>An address of any kind: one, or of a per-CPU symbol each CPU's.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks.</exception>
    public static IReadOnlyList<NamedAddress> Each(Machine machine, string text) =>
        AddressExpression.TryParse(text, machine, out IReadOnlyList<NamedAddress> all, out AddressProblem? problem) ? Named(all) : throw Refusal(problem);

    /// <summary>A virtual address where no kernel's symbols are known.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static VirtualAddress VirtualNumber(string text) => new(Number(text, "a virtual address", AddressSort.Unsaid));

    /// <summary>A physical address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static PhysicalAddress Physical(string text) => new(Number(text, "a physical address", AddressSort.Physical));

    /// <summary>What a virtual machine takes for a physical address: gpa:0x1000, or a number.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static PhysicalAddress GuestPhysical(string text) => new(Number(text, "a guest-physical address", AddressSort.GuestPhysical));

    /// <summary>An I/O virtual address.</summary>
    /// <exception cref="UsageException">The text is none.</exception>
    public static IoVirtualAddress IoVirtual(string text) => new(Number(text, "an I/O virtual address", AddressSort.IoVirtual));

    /// <summary>Whether a text says of itself that it is a physical address.</summary>
    public static bool SaysPhysical(string text) =>
        AddressExpression.TryParseNumeric(text, out NamedAddress address, out _) && address.Sort == AddressSort.Physical;

    /// <summary>Physical pages: of a per-CPU symbol that of each CPU, with its name.</summary>
    /// <exception cref="UsageException">The text is none, or may be two.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks, or an address that it does not map.</exception>
    public static IReadOnlyList<NamedAddress> Pages(Machine machine, string text) =>
        PageExpression.TryParse(machine, text, out IReadOnlyList<NamedAddress> pages, out AddressProblem? problem) ? Named(pages) : throw Refusal(problem);

    /// <summary>One physical page.</summary>
    /// <exception cref="UsageException">The text is none, or may be several.</exception>
    /// <exception cref="NoAnswerException">It names a symbol that this kernel lacks, or an address that it does not map.</exception>
    public static PhysicalAddress Page(Machine machine, string text)
    {
        IReadOnlyList<NamedAddress> pages = Pages(machine, text);
        return AddressExpression.IsOne(text, pages, out AddressProblem? problem) ? pages[0].Physical : throw Refusal(problem);
    }

    /// <summary>The exception for what a text is not.</summary>
    public static Exception Refusal(AddressProblem problem) => problem.IsBadText ? new UsageException(problem.Message) : new NoAnswerException(problem.Message);

    // The last one that a session's user has named is what `_` stands for.
    private static IReadOnlyList<NamedAddress> Named(IReadOnlyList<NamedAddress> addresses)
    {
        if (addresses is [.., var last])
        {
            Session.Remember(last);
        }

        return addresses;
    }

    private static ulong Number(string text, string wanted, AddressSort sort)
    {
        if (!AddressExpression.TryParseNumeric(text, out NamedAddress address, out AddressProblem? problem))
        {
            throw Refusal(problem);
        }

        return address.Sort == AddressSort.Unsaid || address.Sort == sort ? Named([address with { Sort = sort }])[0].Value
            : throw new UsageException($"'{text}' is {address.SortText}: {wanted} is wanted here");
    }
}
