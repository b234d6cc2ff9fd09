using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Processes;
using IommuSpy.Cli.Text;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy ps: the processes.</summary>
internal static class PsCommand
{
    public static Command Build()
    {
        Option<bool> tree = new("--tree") { Description = "Children below their parents." };
        Option<bool> threads = new("--threads") { Description = "Every thread, rather than a row a process." };
        Command command = new(
            "ps",
            "The processes and kernel threads, with the top-level page table of each.\n\nExamples: iommu-spy ps -s dump.elf\n          iommu-spy ps -s "
                + "dump.elf --tree\n          iommu-spy ps -s dump.elf --threads --jsonl")
        {
            tree,
            threads,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            ProcessList list = ProcessList.Of(machine, result.GetValue(threads), result.GetValue(tree));
            if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), rows =>
                {
                    foreach (ProcessReport row in list.Rows)
                    {
                        rows.Process(row, result.GetValue(tree));
                    }
                });
            }
            else
            {
                using StreamWriter writer = Output.Text();
                ProcessesText.Write(writer, list, result.GetValue(threads));
            }

            Output.Problems(list.Problems);
            return ExitCode.Done;
        });
        return command;
    }
}
