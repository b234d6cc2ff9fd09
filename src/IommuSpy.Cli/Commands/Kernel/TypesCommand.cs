using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Types;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Types;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy types: the kernel's own types, and values by them.</summary>
internal static class TypesCommand
{
    public static Command Build()
    {
        Argument<string[]> name =
            new("NAME")
            {
                Description = "A type: page, 'struct page', 'enum zone_type', u32; or a glob with * and ?, which lists names. Without it, all names.",
                Arity = ArgumentArity.ZeroOrMore
            };
        Option<string?> at = new("--at") { Description = "Print the value of that type at an address.", HelpName = "ADDR" };
        Command command = new(
            "types",
            "The kernel's types: a structure with offsets, sizes and holes, an enumeration, a typedef; or the values of one in memory.\n\nExamples: iommu-spy "
                + "types -s dump.elf task_struct\n          iommu-spy types -s dump.elf task_struct --at init_task\n          iommu-spy types -s dump.elf "
                + "'*iommu*'")
        {
            name,
            at,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            // 'types struct page' as well as 'types "struct page"'.
            string wanted = string.Join(' ', result.GetValue(name) ?? []);
            string? where = result.GetValue(at);
            using Machine machine = source.OpenMachine(result);
            if (wanted.Length == 0 || wanted.AsSpan().ContainsAny('*', '?'))
            {
                return where is null ? List(machine, wanted.Length == 0 ? "*" : wanted, result, output)
                    : throw new UsageException("--at needs the name of one type");
            }

            (KernelType type, string origin) = TypeFinder.Find(machine, wanted)
                ?? throw new NoAnswerException($"{machine.Parts.Objects.Required.Types.AbsenceOf(wanted)}; try: types {ShellWord.Of($"*{wanted}*")}");
            if (where is not null)
            {
                Show(ValueReader.Read(machine, type, Addresses.Virtual(machine, where)), result, output);
                return ExitCode.Done;
            }

            TypeReport report = TypeReport.Of(type, origin, machine.Parts.Objects.Required.Types);
            if (output.Json(result))
            {
                Output.Json(report, ReportJson.Default.TypeReport);
            }
            else if (output.JsonLines(result))
            {
                Output.Rows(lines: true, [report], ReportJson.Default.TypeReport);
            }
            else
            {
                using StreamWriter writer = Output.Text();
                TypeText.Write(writer, report);
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static int List(Machine machine, string glob, ParseResult result, OutputOptions output)
    {
        long count = 0;
        IEnumerable<(KernelType Type, string Origin)> Counted()
        {
            foreach ((KernelType Type, string Origin) found in TypeFinder.Match(machine, glob))
            {
                count++;
                yield return found;
            }
        }

        if (output.Json(result) || output.JsonLines(result))
        {
            Output.Rows(output.JsonLines(result), rows =>
            {
                foreach ((KernelType type, string origin) in Counted())
                {
                    rows.Begin();
                    rows.Text("name"u8, type.Name);
                    rows.Text("kind"u8, TypeReport.KindOf(type));
                    rows.Number("size"u8, type.Bytes);
                    rows.Text("origin"u8, origin);
                    rows.End();
                }
            });
        }
        else
        {
            using StreamWriter writer = Output.Text();
            foreach ((KernelType type, string origin) in Counted())
            {
                string bytes = type.Bytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
                writer.WriteLine($"{TypeReport.KindOf(type),-7} {bytes,8}  {type.Name}"
                    + $"{(ReferenceEquals(origin, machine.Parts.Objects.Required.Types.Origin) ? "" : $"   ({origin})")}");
            }
        }

        return count > 0 ? ExitCode.Done : throw new NoAnswerException($"no type matches '{glob}' ({machine.Parts.Objects.Required.Types.Origin})");
    }

    private static void Show(ValueReport value, ParseResult result, OutputOptions output)
    {
        if (output.Json(result) || output.JsonLines(result))
        {
            Output.Json(value, ReportJson.Default.ValueReport);
            return;
        }

        using StreamWriter writer = Output.Text();
        ValueText.Write(writer, value);
    }
}
