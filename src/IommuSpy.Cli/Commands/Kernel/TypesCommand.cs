using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Types;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
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
        TableOptions output = new(command, AllTables.Types);
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
            AnswerForm form = output.ReportForm(result, "one type");
            if (where is null)
            {
                TypeReport report = TypeReport.Of(type, origin, machine.Parts.Objects.Required.Types);
                Reports.Write(result, form, report, ReportJson.Default.TypeReport, TypeText.Write, "type");
            }
            else
            {
                ValueReport value = ValueReader.Read(machine, type, Addresses.Virtual(machine, where));
                Reports.Write(result, form, value, ReportJson.Default.ValueReport, ValueText.Write, "type-value");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static int List(Machine machine, string glob, ParseResult result, TableOptions output) =>
        output.Answer(result, AllTables.Types, new Question(machine).With(TypesTable.Pattern, glob)) > 0 ? ExitCode.Done
            : throw new NoAnswerException($"no type matches '{glob}' ({machine.Parts.Objects.Required.Types.Origin})");
}
