using System.CommandLine;
using System.Text;
using IommuSpy.Analysis;
using IommuSpy.Cli.Json;
using IommuSpy.Explorer.Report;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy report: a machine as one file that can be sent.</summary>
internal static class ReportCommand
{
    public static Command Build()
    {
        Argument<string> target = new("OUT") { Description = "The new file, readable by you alone: OUT.html for a page, OUT.md for Markdown." };
        Option<bool> redact = new("--redact")
        {
            Description = "Leave out names of files and of the host, command lines and contents. Names of processes stay.",
        };
        Option<bool> force = new("--force") { Description = "Replace OUT where it is there; never the source itself." };
        Command command = new(
            "report",
            "A machine as one file for a ticket: its kernel, memory by use with pictures of it, processes by memory, devices and what they reach, what devices "
                + "can do that they should not be able to, what the image lacks, and how each fact was found. A page needs no script, no other file and no "
                + "network.\n\nExamples: iommu-spy report -s dump.elf machine.html\n          iommu-spy report -s dump.elf --redact machine.md")
        {
            target,
            redact,
            force,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { Writes = CommandNeeds.FoldersOf(result.GetValue(target)!) });
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(target);
            (string form, Action<TextWriter, MachineReport, string> write) = Path.GetExtension(path).ToLowerInvariant() switch
            {
                ".html" or ".htm" => ("html", (Action<TextWriter, MachineReport, string>)HtmlReport.Write),
                ".md" => ("markdown", MarkdownReport.Write),
                _ => throw new UsageException($"report writes a page, OUT.html, or Markdown, OUT.md: '{path}' is neither"),
            };
            NewFile.Refuse(path, source.Paths(result), result.GetValue(force));
            using Machine machine = source.OpenMachine(result);
            MachineReport report = MachineReport.Of(machine, result.GetValue(redact));
            ulong bytes = NewFile.Write(path, source.Paths(result), result.GetValue(force), stream =>
            {
                using StreamWriter writer = new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
                write(writer, report, VersionCommand.Number);
            });
            Output.Problems(report.Problems);
            Reports.Write(result, output.Form(result), new WrittenReport(path, form, bytes, report.IsRedacted, report.Exposure.Value?.Findings.Count),
                ReportJson.Default.WrittenReport, (writer, written) => writer.WriteLine(
                    $"{written.Output}: {Size.Text(written.Bytes)}{(written.Redacted ? ", redacted" : "")}"));
            return ExitCode.Done;
        });
        return command;
    }
}
