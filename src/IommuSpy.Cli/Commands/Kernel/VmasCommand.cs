using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Wording;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;
using IommuSpy.Linux.Tasks;
using IommuSpy.Translation;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy vmas: what processes have mapped.</summary>
internal static class VmasCommand
{
    public static Command Build()
    {
        Argument<string?> pid = new("PID")
        {
            Description = "Number of the process, or of a thread of it (see `iommu-spy ps`); without one, every process.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<string?> rights = new("--rights") { Description = "Only areas that allow all of these: letters of rwx.", HelpName = "rwx" };
        Command command = new(
            "vmas",
            "What a process has mapped: as /proc/PID/maps, and how much of it is in memory (Rss of /proc/PID/smaps, by the page tables), swapped out, and in "
                + "huge pages. Without a process, the areas of all.\n\nExamples: iommu-spy vmas -s dump.elf 173\n          iommu-spy vmas -s dump.elf --rights "
                + "wx\n          iommu-spy vmas -s dump.elf 173 --jsonl")
        {
            pid,
            rights,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Vmas);
        command.SetAction(result =>
        {
            AccessRights wanted = result.GetValue(rights) is string letters ? Rights(letters) : AccessRights.None;
            using Machine machine = source.OpenMachine(result);
            KernelTask? process = result.GetValue(pid) is string number ? Processes.WithMemory(machine, number) : null;
            Question question = new Question(machine).With(VmasTable.Process, process);
            long count = output.Answer(result, AllTables.Vmas, wanted == AccessRights.None ? question : question.With(VmasTable.Rights, wanted));
            return count > 0 || wanted == AccessRights.None
                ? ExitCode.Done
                : throw new NoAnswerException($"no area "
                    + $"of {(process is null ? "any process" : Printable.Name(process.ToString()))} allows {RightsText.Letters(wanted)}");
        });
        return command;
    }

    private static AccessRights Rights(string letters) =>
        RightsText.Parse(letters) is AccessRights rights && (rights & AccessRights.User) == AccessRights.None
            ? rights
            : throw new UsageException($"--rights '{letters}': letters of rwx");
}
