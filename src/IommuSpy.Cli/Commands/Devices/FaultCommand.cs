using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu.Faults;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy fault: what an IOMMU's event in a log means, and what would become of the same request now.</summary>
internal static class FaultCommand
{
    private const string Input = "-";

    public static Command Build()
    {
        Argument<string> line = new("LINE")
        {
            Description = "A line of dmesg or of Xen's log, whole or the part from \"DMAR:\" or \"AMD-Vi:\" on; both where the event stands on two. " +
                "- reads a whole log from standard input.",
        };
        Command command = new(
            "fault",
            "Read a line in which a kernel or Xen reports an event of an IOMMU; name the device, look at its tables as they stand now, " +
            "and say whether the request would be refused. Of a whole log, each different event is answered once, with how often it came.\n\n" +
            "Examples:\n" +
            "iommu-spy fault -s dump.elf \"DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0xffdb9000 " +
            "[fault reason 0x05] PTE Write access is not set\"\n" +
            "dmesg | iommu-spy fault -s dump.elf -")
        {
            line,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            bool isLog = result.GetValue(line) == Input;
            if (isLog && source.Named(result).Contains(Input, StringComparer.Ordinal))
            {
                throw new UsageException("standard input cannot be both the image and the log");
            }

            if (isLog)
            {
                Display.WithoutPager();
            }

            IReadOnlyList<(FaultLine Line, int Count)> events = isLog ? OfLog() : [(OfLine(result.GetValue(line)!), 1)];
            using Machine machine = source.OpenMachine(result);
            FaultAnswers answers = new(machine);
            bool isAnswered = isLog;
            IEnumerable<FaultReport> reports = events.Select(one =>
            {
                FaultReport report = answers.Of(one.Line) with { Count = one.Count };
                isAnswered |= report.IsAnswered;
                return report;
            });
            Reports.WriteEach(result, output.Form(result), reports, ReportJson.Default.FaultReport, FaultText.Write);
            return isAnswered ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static FaultLine OfLine(string text) => FaultLine.ParseAll(text) switch
    {
        [FaultLine one] => one,
        [] => throw new UsageException(
            "that is no event of a DMAR or AMD-Vi unit: give the line as dmesg has it, in quotes; - reads a whole log from standard input"),
        { Count: int count } => throw new UsageException($"those are {count} events: give one, or the log on standard input with: fault -"),
    };

    private static IReadOnlyList<(FaultLine Line, int Count)> OfLog()
    {
        using Stream input = Console.OpenStandardInput();
        FaultCounts counts = FaultCounts.Read(input);
        if (counts.Events.Count == 0)
        {
            throw new NoAnswerException("the log has no event of a DMAR or AMD-Vi unit");
        }

        if (counts.Dropped > 0)
        {
            Output.Problems([$"the log has more than {FaultCounts.MostEvents} different events: {counts.Dropped} lines of others were passed over"]);
        }

        return counts.Events;
    }
}
