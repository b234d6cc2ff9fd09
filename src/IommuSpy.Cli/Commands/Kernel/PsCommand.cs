using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy ps: the processes.</summary>
internal static class PsCommand
{
    public static Command Build()
    {
        Option<bool> tree = new("--tree") { Description = "Children below their parents." };
        Option<bool> threads = new("--threads") { Description = "Every thread, rather than a row a process." };
        Option<bool> arguments = new("--args") { Description = "Command lines instead of names, and when each began (UTC)." };
        Option<bool> environment = new("--env") { Description = "The environment of each process, as it was given to it, behind its name." };
        Option<bool> containers = new("--containers")
        {
            Description = "The namespaces of each that the first process is not in, and its control groups: which container it is of.",
        };
        Command command = new(
            "ps",
            "The processes and kernel threads, with the top-level page table of each. VmRSS is what the kernel counts (/proc/PID/status): its counters run "
                + "behind, and leave out hugetlbfs. `vmas` asks the page tables area by area (Rss of smaps), `roots` says all that a table maps.\n\n"
                + "Examples: iommu-spy ps -s dump.elf\n          iommu-spy ps -s dump.elf --tree\n          iommu-spy ps -s dump.elf --threads --jsonl")
        {
            tree,
            threads,
            arguments,
            environment,
            containers,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Processes);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            Question question = new Question(machine).With(ProcessesTable.Threads, result.GetValue(threads)).With(ProcessesTable.Tree, result.GetValue(tree))
                .With(ProcessesTable.Arguments, result.GetValue(arguments)).With(ProcessesTable.Environment, result.GetValue(environment))
                .With(ProcessesTable.Containers, result.GetValue(containers));
            output.Answer(result, AllTables.Processes, question);
            return ExitCode.Done;
        });
        return command;
    }
}
