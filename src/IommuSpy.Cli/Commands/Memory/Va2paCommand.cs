using System.CommandLine;
using System.Globalization;
using IommuSpy.Analysis.Running;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Running;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy va2pa: where addresses of a process of this machine are in memory, by /proc alone.</summary>
internal static class Va2paCommand
{
    public static Command Build()
    {
        Argument<string> pid = new("PID") { Description = "Number of a process of this machine." };
        Argument<string[]> addresses =
            new("ADDR")
            {
                Description = "Virtual addresses: 0x hexadecimal, hexadecimal of 8 digits and more as listings print it, or decimal (docs/addresses.md).",
                Arity = ArgumentArity.OneOrMore
            };
        Command command = new(
            "va2pa",
            "Where addresses of a process of this machine are in physical memory, by its /proc/PID/pagemap alone: on any kernel, with no kernel discovery. "
                + "Root sees physical addresses; everyone sees of their own processes whether pages are in memory.\n\nExample: sudo iommu-spy va2pa 173 "
                + "0x7f558d360000")
        {
            pid,
            addresses,
        };
        TableOptions output = new(command, AllTables.Va2pa);
        command.SetAction(result =>
        {
            using RunningProcess process = Open(result.GetRequiredValue(pid));
            List<ProcessAddressReport> reports =
            [
                .. result.GetValue(addresses)!.Select(text => ProcessAddressReport.Of(process, Addresses.VirtualNumber(text))),
            ];
            output.Answer(result, AllTables.Va2pa, new Question().With(Va2paTable.Answers, reports));
            return reports.TrueForAll(report => report.Physical is not null) ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    /// <summary>A process of this machine, by its number.</summary>
    /// <exception cref="UsageException">The text is no number.</exception>
    /// <exception cref="RunningProcessException">It may not be looked at, or there is none.</exception>
    internal static RunningProcess Open(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
        ? RunningProcess.Open(RunningFiles.Here, pid)
        : throw new UsageException($"'{text}' is no process: write its number");
}
