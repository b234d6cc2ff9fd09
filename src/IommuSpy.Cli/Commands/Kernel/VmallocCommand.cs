using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmalloc;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Vmalloc;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy vmalloc: what vmalloc space is used for.</summary>
internal static class VmallocCommand
{
    public static Command Build()
    {
        Argument<string?> at = new("ADDR") { Description = "Only the piece that holds an address. Without it, all.", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> proc = new("--proc") { Description = "As /proc/vmallocinfo prints them, with true addresses." };
        Command command = new(
            "vmalloc",
            "Every piece of vmalloc and module space: size, use, who asked for it, whose kernel stack it is.\n\nExamples: iommu-spy vmalloc -s dump.elf\n      "
                + "    iommu-spy vmalloc -s dump.elf 0xffffc90000085e18")
        {
            at,
            proc,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Vmalloc);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            VmallocList list = machine.Parts.Vmalloc.Required;
            Output.Problems(output.IsPlain(result) ? list.Damage : []);
            IReadOnlyList<VmallocArea> areas = list.Areas;
            if (result.GetValue(at) is string text)
            {
                VirtualAddress address = Addresses.Virtual(machine, text);
                areas = [list.At(address) ?? throw new NoAnswerException($"{address}: in no piece of vmalloc space")];
            }

            if (!output.IsPlain(result))
            {
                output.Answer(result, AllTables.Vmalloc, new Question(machine).With(VmallocTable.Only, result.GetValue(at) is null ? null : areas[0]));
                return ExitCode.Done;
            }

            using StreamWriter writer = Output.Text();
            if (result.GetValue(proc))
            {
                foreach (VmallocArea area in areas)
                {
                    bool vpages = area.PageArray is VirtualAddress pages && list.At(pages) is not null;
                    writer.WriteLine(area.ToProcLine(VmallocReport.CallerOf(machine, area)?.ToKernelString(), vpages));
                }
            }
            else
            {
                VmallocText.Write(writer, areas.Select(area => VmallocReport.Of(machine, area)));
            }

            return ExitCode.Done;
        });
        return command;
    }
}
