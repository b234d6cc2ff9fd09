using IommuSpy.Analysis.Roots;
using IommuSpy.Linux.Roots;
using IommuSpy.Memory;
using Its = IommuSpy.Catalogue.Columns<IommuSpy.Analysis.Roots.RootReport>;

namespace IommuSpy.Catalogue.Tables;

/// <summary>Every top-level page table.</summary>
internal sealed class RootsTable() : Table<RootReport>(
    "roots",
    "Every top-level page table in memory, and whose it is.",
    Its.Address("root", "Physical address of the table.", row => row.Address.Value),
    Its.Integer("levels", "4, or 5.", row => row.Levels),
    Its.Text("kind", "Whose it is: kernel, process, kernelMemory (poking_mm), ptiUserHalf, boot, unlisted or unknown.", row => Words<RootKind>.Of(row.Kind)),
    Its.Text("name", "What names it: a process's name and number, or a symbol.", row => row.Name),
    Its.Bytes("userBytes", "How much it maps in user space.", row => row.UserBytes),
    Its.Numbers("pids", "The processes that go through it.", row => [.. row.Pids.Select(pid => (long)pid)]),
    Its.Numbers("cpus", "Which CPUs used it when the image was taken.", row => [.. row.Cpus.Select(cpu => (long)cpu)]))
{
    /// <inheritdoc/>
    public override void Rows(Question question, Action<RootReport> receive)
    {
        RootsReport report = RootsReport.Of(question.Machine);
        foreach (RootReport root in report.Roots)
        {
            receive(root);
        }

        if (!report.Listed)
        {
            question.Tell("the kernel's own list (pgd_list) could not be read: which of these are in use is not known");
        }
    }

    /// <inheritdoc/>
    public override RowWriter<RootReport> Text(TextForm form, Question question) => new AlignedText<RootReport>(form,
    [
        new("root", row => row.Address.ToString()),
        new("levels", row => $"{row.Levels}"),
        new("whose", row => Whose(row.Kind)),
        new("mapped", row => row.UserBytes == 0 ? "-" : Size.Text(row.UserBytes)),
        new("", row => string.Join("; ",
            new[] { row.Name ?? "", row.Cpus.Count > 0 ? $"in use by CPU {string.Join(", ", row.Cpus)}" : "" }.Where(text => text.Length > 0))),
    ]);

    private static string Whose(RootKind kind) => kind switch
    {
        RootKind.Kernel => "kernel",
        RootKind.Process => "process",
        RootKind.KernelMemory => "kernel, for itself",
        RootKind.PtiUserHalf => "PTI user half",
        RootKind.Boot => "boot",
        RootKind.Unlisted => "not on the kernel's list",
        _ => "unknown",
    };
}
