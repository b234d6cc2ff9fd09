using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Modules;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Modules;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy modules: the loaded modules.</summary>
internal static class ModulesCommand
{
    public static Command Build()
    {
        Argument<string?> name = new("NAME")
        {
            Description = "One module with its memory and sections. Without it, all, a line each.",
            Arity = ArgumentArity.ZeroOrOne
        };
        Option<bool> proc = new("--proc") { Description = "As /proc/modules prints them." };
        Command command = new(
            "modules",
            "The loaded modules: size, users, state, where they are; as /proc/modules, newest first.\n\nExamples: iommu-spy modules -s dump.elf\n          "
                + "iommu-spy modules -s dump.elf e1000e")
        {
            name,
            proc,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Modules);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            ModuleList list = machine.Parts.Modules.Required;
            Output.Problems(output.IsPlain(result) && list.Damage is string damage ? [damage] : []);
            KernelModule? one = result.GetValue(name) is string wanted ? list.Find(wanted) ?? throw new NoAnswerException($"no module '{wanted}' is loaded")
                : null;
            IReadOnlyList<KernelModule> modules = one is null ? list.Modules : [one];
            if (!output.IsPlain(result))
            {
                output.Answer(result, AllTables.Modules, new Question(machine).With(ModulesTable.Only, one?.Name));
            }
            else
            {
                using StreamWriter writer = Output.Text();
                if (result.GetValue(proc))
                {
                    foreach (KernelModule module in modules)
                    {
                        writer.WriteLine(module);
                    }
                }
                else if (one is not null)
                {
                    ModulesText.Write(writer, ModuleReport.Of(one));
                }
                else
                {
                    ModulesText.Write(writer, modules.Select(ModuleReport.Of));
                }
            }

            return ExitCode.Done;
        });
        return command;
    }
}
