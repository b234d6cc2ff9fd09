using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Code;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Code;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy dis: instructions in memory.</summary>
internal static class DisCommand
{
    private const int MostInstructions = 100_000;

    public static Command Build()
    {
        Argument<string> address = new("ADDR") { Description = $"A function, or an address in one. {Addresses.Spellings}." };
        Option<int?> count = new("--count", "-n") { Description = "So many instructions from the address on, rather than the whole function.", HelpName = "N" };
        Option<bool> intel = new("--intel") { Description = "As Intel's manuals spell it: the destination first." };
        Command command = new(
            "dis",
            "The instructions of a function as they are in memory now, with what the kernel has written over them. Where one goes is named, and what the "
                + "kernel's own tables say of a place stands behind it: jump labels and static calls with their keys, BUG and WARN with file and line, where "
                + "execution goes on after a fault, where the function tracer may be called, and kprobes. The address that was asked for is marked. x86-64."
                + "\n\nExamples: iommu-spy dis -s dump.elf schedule\n          iommu-spy dis -s dump.elf 'do_sys_openat2+0x20/0x100' -n 10\n          "
                + "iommu-spy dis -s dump.elf --pid 1 0x401000 --intel")
        {
            address,
            count,
            intel,
        };
        SourceOptions source = new(command);
        RootOptions roots = new(command);
        TableOptions output = new(command, AllTables.Disassembly);
        command.SetAction(result =>
        {
            int? most = result.GetValue(count);
            if (most is <= 0 or > MostInstructions)
            {
                throw new UsageException($"--count {most}: write a number from 1 to {MostInstructions}");
            }

            using Machine machine = source.OpenMachine(result);
            DisassemblyQuery query = new(Addresses.Virtual(machine, result.GetRequiredValue(address)), roots.Root(result, machine), most,
                result.GetValue(intel) ? AssemblySyntax.Intel : AssemblySyntax.Att);
            Question question = new Question(machine).With(DisassemblyTable.Query, query);
            return output.Answer(result, AllTables.Disassembly, question) > 0 ? ExitCode.Done : ExitCode.NoAnswer;
        });
        return command;
    }
}
