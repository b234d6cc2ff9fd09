using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Reach;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy reach: which devices can read or write memory.</summary>
internal static class ReachCommand
{
    public static Command Build()
    {
        Argument<string[]> pages = new("PHYS|PFN|ADDR")
        {
            Description = Addresses.PageSpellings,
            Arity = ArgumentArity.ZeroOrMore,
        };
        Option<int?> pid = new("--pid") { Description = "Every page of this process that a device can get at.", HelpName = "N" };
        Command command = new(
            "reach",
            "Which devices can read or write a page, and at which address of theirs. Exit code 1 where none can.\n\nExamples: iommu-spy reach -s dump.elf "
                + "init_task\n          iommu-spy reach -s dump.elf pfn:0x6f60\n          iommu-spy reach -s dump.elf --pid 173")
        {
            pages,
            pid,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Reach, AllTables.ProcessReach);
        command.SetAction(result =>
        {
            string[] texts = result.GetValue(pages) ?? [];
            int? wanted = result.GetValue(pid);
            if (texts.Length == 0 == wanted is null)
            {
                throw new UsageException("name pages, or a process with --pid");
            }

            using Machine machine = source.OpenMachine(result);
            return wanted is int number ? OfProcess(result, machine, number, output) : OfPages(result, machine, texts, output);
        });
        return command;
    }

    private static int OfProcess(ParseResult result, Machine machine, int pid, TableOptions output)
    {
        KernelTask process = machine.Parts.Tasks.Required.Find(pid) ?? throw new NoAnswerException($"no process {pid} in this machine (see iommu-spy ps)");
        if (process.Root is null)
        {
            throw new NoAnswerException($"{process} is a kernel thread: it has no memory of its own");
        }

        if (output.AsksForRows(result, out AnswerForm form))
        {
            Question question = new Question(machine).With(ProcessReachTable.Process, process);
            return output.Answer(result, AllTables.ProcessReach, question) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        }

        ProcessReachReport report = ProcessReachReport.Of(machine, process);
        Reports.Write(result, form, report, ReportJson.Default.ProcessReachReport, ReachText.Write, "reach-process");
        return report.Rows.Count + report.Unrestricted.Count > 0 ? ExitCode.Done : ExitCode.NoAnswer;
    }

    private static int OfPages(ParseResult result, Machine machine, string[] texts, TableOptions output)
    {
        List<NamedAddress> pages = [.. texts.SelectMany(text => Addresses.Pages(machine, text))];
        if (output.AsksForRows(result, out AnswerForm form))
        {
            return output.Answer(result, AllTables.Reach, new Question(machine).With(ReachTable.Pages, pages)) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        }

        List<ReachReport> reports = [.. pages.Select(page => ReachReport.Of(machine, page.Physical))];
        Reports.WriteEach(result, form, reports, ReportJson.Default.ReachReport, ReachText.Write);
        return reports.All(report => report.IsReached) ? ExitCode.Done : ExitCode.NoAnswer;
    }
}
