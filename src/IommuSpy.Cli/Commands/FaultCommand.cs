using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy fault: what a line of the kernel's log about a refused request means, and what would become of the request now.</summary>
internal static class FaultCommand
{
    public static Command Build()
    {
        Argument<string> line = new("LINE") { Description = "A line of dmesg, whole or the part from \"DMAR:\" or \"AMD-Vi:\" on." };
        Command command = new(
            "fault",
            "Read a line in which the kernel reports that an IOMMU refused a device's request; name the device, walk its tables as they stand now, and say why it would be refused.\n\n" +
            "Example: iommu-spy fault -s dump.elf \"DMAR: [DMA Write NO_PASID] Request device [00:02.0] fault addr 0xffdb9000 [fault reason 0x05] PTE Write access is not set\"")
        {
            line,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            FaultLine fault = FaultLine.Parse(result.GetValue(line)!) ?? throw new UsageException("that is no DMAR or AMD-Vi fault line: give the line as dmesg has it, in quotes");
            using Machine machine = source.OpenMachine(result);
            FaultReport report = FaultReport.Of(machine, fault);
            if (output.Json(result))
            {
                Output.Json(report, ReportJson.Default.FaultReport);
            }
            else
            {
                using StreamWriter writer = Output.Text();
                FaultText.Write(writer, report);
            }

            return report.WouldFault is null ? ExitCode.NoAnswer : ExitCode.Done;
        });
        return command;
    }
}
