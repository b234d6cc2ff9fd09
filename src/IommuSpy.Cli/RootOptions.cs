using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Linux.Tasks;
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

    private readonly Option<string?> _pid = new("--pid")
    {
        Description = "Number of the process through whose page tables to go, or of a thread of it (see `iommu-spy ps`).",
        HelpName = "PID",
    };

    private readonly Option<bool> _kernel = new("--kernel") { Description = "Go through the kernel's own tables; the default." };

    /// <summary>Adds the options to a command.</summary>
    public RootOptions(Command command)
    {
        command.Options.Add(_pid);
        command.Options.Add(_root);
        command.Options.Add(_kernel);
    }

    /// <summary>The root that was named, by itself or by a process, or null for the kernel's own.</summary>
    /// <exception cref="UsageException">The options contradict each other, or are no numbers.</exception>
    /// <exception cref="NoAnswerException">There is no such process, or it has no page tables of its own.</exception>
    public PhysicalAddress? Root(ParseResult result, Machine machine)
    {
        string? root = result.GetValue(_root);
        string? pid = result.GetValue(_pid);
        if ((root is null ? 0 : 1) + (pid is null ? 0 : 1) + (result.GetValue(_kernel) ? 1 : 0) > 1)
        {
            throw new UsageException("--pid, --root and --kernel exclude one another");
        }

        return pid is not null ? OfProcess(machine, pid) : root is not null ? Parse(root) : null;
    }

    /// <summary>What --pid names; null where it was not given.</summary>
    public string? Process(ParseResult result) => result.GetValue(_pid);

    /// <summary>Whether any tables were named.</summary>
    public bool IsGiven(ParseResult result) => result.GetValue(_root) is not null || result.GetValue(_pid) is not null || result.GetValue(_kernel);

    /// <summary>Whether --kernel was given.</summary>
    public bool Kernel(ParseResult result) => result.GetValue(_kernel);

    /// <summary>The root of a process.</summary>
    /// <exception cref="NoAnswerException">There is no such process, or it has no page tables of its own.</exception>
    public static PhysicalAddress OfProcess(Machine machine, string pid)
    {
        KernelTask process = Processes.WithMemory(machine, pid);
        return process.Root ?? throw new NoAnswerException($"{process}: {process.Problem ?? "its top-level page table is not known"}");
    }

    private static PhysicalAddress Parse(string text)
    {
        // CR3 as registers print it: flags or PCID in its low bits.
        ulong number = Addresses.Physical(text).Value;
        return number <= 0x000f_ffff_ffff_ffff ? new(number & ~(ulong)(PageFrame.Size - 1))
            : throw new UsageException($"--root '{text}' is no physical address");
    }
}
