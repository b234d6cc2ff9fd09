using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Translate;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Running;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy translate: the walk of an address, step by step, or of thousands, a row each.</summary>
internal static class TranslateCommand
{
    public static Command Build()
    {
        Argument<string[]> addresses = new("ADDR") { Description = $"{Addresses.Spellings}.", Arity = ArgumentArity.ZeroOrMore };
        Option<bool> stdin = new("--stdin")
        {
            Description = "Read addresses from standard input, one a line, and answer each with a row as it comes: a line that is no address with the reason.",
        };
        Option<bool> check =
            new("--check")
            {
                Description = "Of a process of this machine (--pid): compare the walk with its /proc/PID/pagemap; exits 1 where they contradict each other."
            };
        Command command = new(
            "translate",
            "Translate virtual addresses, or those of a device, and show each step of the walk.\n\n"
            + "Exits 1 where an address, or a line of --stdin, has no physical address.\n\n"
            + "Examples: iommu-spy translate -s dump.elf init_task\n"
            + "          iommu-spy translate -s dump.elf --root 0x2862000 0x7ffd1000\n          iommu-spy translate -s dump.elf --device 00:03.0 0xffeff000\n"
            + "          iommu-spy translate -s dump.elf --stdin --jsonl < addresses\n          sudo iommu-spy translate --pid 173 --check 0x7f558d360000")
        {
            addresses,
            stdin,
            check,
        };
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        DeviceOptions devices = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            string[] named = result.GetValue(addresses) ?? [];
            if (named.Length == 0 != result.GetValue(stdin))
            {
                throw new UsageException("name addresses, or give --stdin");
            }

            if (result.GetValue(stdin))
            {
                Display.WithoutPager();
            }

            string? process = roots.Process(result);
            if (result.GetValue(check) && (!source.IsLive(result) || process is null || output.JsonLines(result) || result.GetValue(stdin)))
            {
                throw new UsageException("--check asks the kernel of this machine of addresses of a process: it goes with --pid and without an image, --stdin "
                    + "and --jsonl");
            }

            using Machine machine = source.OpenMachine(result);
            if (devices.IsGiven(result))
            {
                return OfDevice(devices.View(result, machine), named, result.GetValue(stdin), output.Json(result), output.JsonLines(result));
            }

            PhysicalAddress? root = roots.Root(result, machine);
            if (output.JsonLines(result) || result.GetValue(stdin))
            {
                AddressSpace space = machine.Space(root);
                TranslationRows.Row Translate(VirtualAddress address) => TranslationRows.Of(machine, space, root, address);
                return result.GetValue(stdin)
                    ? TranslationRows.AnswerInput(text => Translate(Addresses.Virtual(machine, text)), output.Json(result), output.JsonLines(result))
                    : TranslationRows.AnswerNamed(named.SelectMany(text => Addresses.EachVirtual(machine, text)).Select(address => Translate(address.Virtual)));
            }

            using RunningProcess? witness = result.GetValue(check) ? Va2paCommand.Open(process!) : null;
            List<TranslationReport> reports =
            [
                .. named.SelectMany(text => Addresses.EachVirtual(machine, text)).Select(address => address.Virtual).Select(address => witness is null
                    ? TranslationReport.Of(machine, address, root)
                    : TranslationReport.Checked(machine, address, root, witness)),
            ];
            if (output.Json(result) && reports.Count == 1)
            {
                Output.Json(reports[0], ReportJson.Default.TranslationReport);
            }
            else if (output.Json(result))
            {
                Output.Json(reports, ReportJson.Default.ListTranslationReport);
            }
            else
            {
                using StreamWriter writer = Output.Text();
                foreach (TranslationReport report in reports)
                {
                    if (report != reports[0])
                    {
                        writer.WriteLine();
                    }

                    TranslationText.Write(writer, report);
                }
            }

            return reports.All(report => report.Physical is not null && report.Check?.Agrees != false) ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static int OfDevice(DeviceView view, string[] named, bool stdin, bool json, bool lines)
    {
        TranslationRows.Row Translate(string text) => TranslationRows.Of(view, Addresses.IoVirtual(text));
        return stdin ? TranslationRows.AnswerInput(Translate, json, lines)
            : lines ? TranslationRows.AnswerNamed(named.Select(Translate))
            : DeviceTranslationRows.Show(view, named, json);
    }
}
