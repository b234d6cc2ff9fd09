using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Through which tables a command looks.</summary>
internal sealed class RootOptions
{
    private readonly Option<string?> _root = new("--root")
    {
        Description = "Physical address of the top page table to go through: a process's (see `iommu-spy roots`).",
        HelpName = "PHYS",
    };

    private readonly Option<bool> _kernel = new("--kernel") { Description = "Go through the kernel's own tables; the default." };

    /// <summary>Adds the options to a command.</summary>
    public RootOptions(Command command)
    {
        command.Options.Add(_root);
        command.Options.Add(_kernel);
    }

    /// <summary>The root that was named, or null for the kernel's own.</summary>
    public PhysicalAddress? Root(ParseResult result)
    {
        if (result.GetValue(_root) is not string text)
        {
            return null;
        }

        if (result.GetValue(_kernel))
        {
            throw new UsageException("--root and --kernel exclude each other");
        }

        // CR3 as registers print it: flags or PCID in its low bits.
        return AddressExpression.TryParseNumber(text, out ulong root) && root <= 0x000f_ffff_ffff_ffff
            ? new(root & ~(ulong)(PageFrame.Size - 1))
            : throw new UsageException($"--root '{text}' is no physical address");
    }

    /// <summary>Whether --kernel was given.</summary>
    public bool Kernel(ParseResult result) => result.GetValue(_kernel);
}
