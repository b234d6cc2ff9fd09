using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Analysis.Translate;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Catalogue.Tables;
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
        Option<bool> gpa = new("--gpa")
        {
            Description = "The addresses are guest-physical ones of the virtual machine that --vm names: where they are in its host, by its process's "
                + "memory and by the nested tables.",
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
            + "          iommu-spy translate -s host.elf --vm 136 --gpa 0x100000\n"
            + "          iommu-spy translate -s dump.elf --stdin --jsonl < addresses\n          sudo iommu-spy translate --pid 173 --check 0x7f558d360000")
        {
            addresses,
            stdin,
            gpa,
            check,
        };
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        DeviceOptions devices = new(command);
        TableOptions output = new(command, TranslationsTable.OfCpu, TranslationsTable.OfDevice);
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

            // Thousands are told in rows, and so is what is asked for as rows; a few with each step of their walk.
            bool rows = result.GetValue(stdin) || output.AsksForRows(result);
            string? process = roots.Process(result);
            if (result.GetValue(check) && (!source.IsLive(result) || process is null || rows))
            {
                throw new UsageException("--check asks the kernel of this machine of addresses of a process: it goes with --pid and without an image, --stdin, "
                    + "--jsonl and what chooses rows");
            }

            if (result.GetValue(gpa))
            {
                return rows || roots.IsGiven(result) || devices.IsGiven(result)
                    ? throw new UsageException("--gpa goes with --vm and addresses, and shows each step: not with --stdin, rows, or other tables")
                    : OfGuest(result, output, source, named);
            }

            using Machine machine = source.OpenMachine(result);
            if (devices.IsGiven(result))
            {
                return OfDevice(result, output, devices.View(result, machine), named, rows);
            }

            PhysicalAddress? root = roots.Root(result, machine);
            if (rows)
            {
                AddressSpace space = machine.Space(root);
                TranslatedAddress Translate(VirtualAddress address) => TranslationRows.Of(machine, space, root, address);
                return result.GetValue(stdin)
                    ? TranslationRows.AnswerInput(result, output, TranslationsTable.OfCpu, text => Translate(Addresses.Virtual(machine, text)))
                    : TranslationRows.AnswerNamed(result, output, TranslationsTable.OfCpu,
                        named.SelectMany(text => Addresses.EachVirtual(machine, text)).Select(address => Translate(address.Virtual)));
            }

            using RunningProcess? witness = result.GetValue(check) ? Va2paCommand.Open(process!) : null;
            List<TranslationReport> reports =
            [
                .. named.SelectMany(text => Addresses.EachVirtual(machine, text)).Select(address => address.Virtual).Select(address => witness is null
                    ? TranslationReport.Of(machine, address, root)
                    : TranslationReport.Checked(machine, address, root, witness)),
            ];
            Reports.WriteEach(result, output.ReportForm(result, "a walk"), reports, ReportJson.Default.TranslationReport, TranslationText.Write);
            return reports.All(report => report.Physical is not null && report.Check?.Agrees != false) ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static int OfGuest(ParseResult result, TableOptions output, SourceOptions source, string[] named)
    {
        GuestPlace place = source.OpenGuest(result);
        using Machine host = place.Host;
        List<HostPageReport> reports = [.. named.Select(text => HostPageReport.Of(place, Addresses.GuestPhysical(text)))];
        Reports.WriteEach(result, output.ReportForm(result, "a walk"), reports, ReportJson.Default.HostPageReport, HostPageText.Write, "translate-gpa");
        return reports.TrueForAll(report => report.Physical is not null) ? ExitCode.Done : ExitCode.NoAnswer;
    }

    private static int OfDevice(ParseResult result, TableOptions output, DeviceView view, string[] named, bool rows)
    {
        if (rows)
        {
            TranslatedAddress Translate(string text) => TranslationRows.Of(view, Addresses.IoVirtual(text));
            return named.Length == 0 ? TranslationRows.AnswerInput(result, output, TranslationsTable.OfDevice, Translate)
                : TranslationRows.AnswerNamed(result, output, TranslationsTable.OfDevice, named.Select(Translate));
        }

        List<DeviceTranslationReport> reports = [.. named.Select(text => DeviceTranslationReport.Of(view, Addresses.IoVirtual(text)))];
        Reports.WriteEach(result, output.ReportForm(result, "a walk"), reports, ReportJson.Default.DeviceTranslationReport,
            (writer, report) => DeviceTranslationText.Write(writer, report, view), "translate-iova");
        return reports.TrueForAll(report => report.Physical is not null) ? ExitCode.Done : ExitCode.NoAnswer;
    }
}
