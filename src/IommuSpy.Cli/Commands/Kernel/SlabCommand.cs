using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Pages;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy slab: the slab caches, or the object at an address.</summary>
internal static class SlabCommand
{
    public static Command Build()
    {
        Argument<string?> address =
            new("ADDR")
            {
                Description = "An address in a slab: the cache, the object and whether it is allocated, and the objects beside it.",
                Arity = ArgumentArity.ZeroOrOne
            };
        Command command = new(
            "slab",
            "The slab caches as /proc/slabinfo has them; or which cache and object an address is in, and whether that object is live.\n\nExamples: iommu-spy "
                + "slab -s dump.elf\n          iommu-spy slab -s dump.elf 0xffff88e202e61840")
        {
            address,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Slab);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            if (result.GetValue(address) is string text)
            {
                Explain(result, machine, text, output.ReportForm(result, "an object's slab"));
                return ExitCode.Done;
            }

            return output.Answer(result, AllTables.Slab, new Question(machine)) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }

    private static void Explain(ParseResult result, Machine machine, string text, AnswerForm form)
    {
        PhysicalAddress physical = Addresses.Page(machine, text);
        SlabAddressReport report = SlabAddressReport.Of(machine, physical)
            ?? throw new NoAnswerException($"'{text}': physical {physical} is in no slab (try: page pfn:{physical.Frame})");
        Reports.Write(result, form, report, ReportJson.Default.SlabAddressReport, SlabText.Write, "slab-object");
    }
}
