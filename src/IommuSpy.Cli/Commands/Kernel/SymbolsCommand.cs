using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy symbols: the kernel's symbol table.</summary>
internal static class SymbolsCommand
{
    public static Command Build()
    {
        Argument<string?> pattern = new("PATTERN") { Description = "A name, or a glob with * and ?. Without it, all.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> at = new("--at") { Description = "The symbol at or before an address.", HelpName = "ADDR" };
        Command command = new(
            "symbols",
            "The whole symbol table, as /proc/kallsyms has it: the kernel's, then each module's; bpf programs and ftrace trampolines are not in "
                + "it.\n\nExamples: iommu-spy symbols -s dump.elf '*iommu*'\n          iommu-spy symbols -s dump.elf --at 0xffffffff81001234\n          "
                + "iommu-spy symbols -s dump.elf --jsonl")
        {
            pattern,
            at,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Symbols);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            _ = machine.Symbols ?? throw new NoAnswerException($"this image has no symbols: {machine.Kernel.KallsymsAbsence}");
            if (result.GetValue(at) is string text)
            {
                if (result.GetValue(pattern) is not null)
                {
                    throw new UsageException("a pattern and --at exclude each other");
                }

                VirtualAddress address = Addresses.Virtual(machine, text);
                SymbolOffset found = machine.Parts.SymbolAt(address)
                    ?? throw new NoAnswerException($"{address}: no symbol of the kernel's image or of a module reaches it");
                output.Answer(result, AllTables.Symbols, new Question(machine).With(SymbolsTable.Only, new FoundSymbol(found.Symbol, found.Offset)));
                return ExitCode.Done;
            }

            return output.Answer(result, AllTables.Symbols, new Question(machine).With(SymbolsTable.Pattern, result.GetValue(pattern))) > 0
                ? ExitCode.Done
                : throw new NoAnswerException(result.GetValue(pattern) is string glob ? $"no symbol matches '{glob}'" : "no symbol is so");
        });
        return command;
    }
}
