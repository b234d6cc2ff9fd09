using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Sarif;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy exposure: what devices can do that they should not be able to.</summary>
internal static class ExposureCommand
{
    private static readonly OrderedDictionary<string, ExposureSeverity> Severities =
        new(Enum.GetValues<ExposureSeverity>().Select(severity => KeyValuePair.Create(severity.ToString().ToLowerInvariant(), severity)),
            StringComparer.Ordinal);

    public static Command Build()
    {
        Option<string?> device = new("--device") { Description = "Only what concerns this device, or its IOMMU: 00:1f.2, or its driver.", HelpName = "BDF" };
        Option<string?> failOn = new("--fail-on")
        {
            Description = "Exit code 1 where there is a finding of this severity or above: note, low, medium, high or critical. Without it, findings do not "
                + "change the exit code.",
            HelpName = "SEVERITY",
        };
        failOn.CompletionSources.Add([.. Severities.Keys]);
        Option<bool> sarif = new("--sarif") { Description = "Answer as a SARIF 2.1.0 log." };
        Option<bool> all = new("--all") { Description = "In text: every piece of evidence, rather than the first few." };
        Command command = new(
            "exposure",
            "What devices can do that they should not be able to: an audit of IOMMUs, domains and everything that is mapped for devices. Each finding has a "
                + "page in docs/exposure.\n\nExamples: iommu-spy exposure -s dump.elf\n          iommu-spy exposure -s dump.elf --device 00:1f.2 --all\n       "
                + "   iommu-spy exposure -s dump.elf --sarif --fail-on high > findings.sarif")
        {
            device,
            failOn,
            sarif,
            all,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Exposure);
        command.SetAction(result =>
        {
            ExposureSeverity? limit = result.GetValue(failOn) is string word ? Severity(word) : null;
            bool rows = output.AsksForRows(result, out AnswerForm form);
            if (result.GetValue(sarif) && (rows || form != AnswerForm.Text))
            {
                throw new UsageException("--sarif is a form of its own: it goes without -J and without what chooses rows");
            }

            using Machine machine = source.OpenMachine(result);
            MachineDevice? wanted = result.GetValue(device) is string text ? DeviceArguments.Of(machine, DeviceArguments.Address(machine, text)) : null;
            ExposureReport report = ExposureReport.Of(machine);
            report = wanted is null ? report : report.About(wanted);
            if (result.GetValue(sarif))
            {
                Output.Problems(report.Problems);
                Output.Json(SarifWriter.Log(report, machine.Image.Path), ReportJson.Default.SarifLog);
            }
            else if (rows)
            {
                output.Answer(result, AllTables.Exposure, new Question(machine).With(ExposureTable.Report, report));
            }
            else
            {
                Output.Problems(form == AnswerForm.Json ? [] : report.Problems);
                Reports.Write(result, form, report, ReportJson.Default.ExposureReport,
                    (writer, shown) => ExposureText.Write(writer, shown, result.GetValue(all)));
            }

            return report.Findings.Any(finding => finding.Severity >= limit) ? ExitCode.NoAnswer : ExitCode.Done;
        });
        return command;
    }

    private static ExposureSeverity Severity(string word) => Severities.TryGetValue(word, out ExposureSeverity severity)
        ? severity
        : throw new UsageException($"--fail-on '{word}': write one of {string.Join(", ", Severities.Keys)}");
}
