using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
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
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            AccessRights wanted = result.GetValue(rights) is string letters ? Rights(letters) : AccessRights.None;
            using Machine machine = source.OpenMachine(result);
            KernelTask? process = result.GetValue(pid) is string number ? Processes.WithMemory(machine, number) : null;
            IEnumerable<VmaList> lists = process is null ? VmaList.OfAll(machine, wanted) : [VmaList.Of(machine, process, wanted)];
            List<string> problems = process is null ? [.. machine.Tasks.Damage] : [];
            long count = 0;
            if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), rows =>
                {
                    foreach (VmaList list in lists)
                    {
                        foreach (VmaReport row in list.Rows)
                        {
                            Write(rows, list.Process, row);
                        }

                        count += list.Rows.Count;
                        problems.AddRange(list.Problems);
                    }
                });
            }
            else
            {
                VmaList[] all = [.. lists];
                count = all.Sum(list => (long)list.Rows.Count);
                problems.AddRange(all.SelectMany(list => list.Problems));
                using StreamWriter writer = Output.Text();
                if (count == 0)
                {
                    // The complaint says it.
                }
                else if (process is not null)
                {
                    VmasText.Write(writer, all[0]);
                }
                else
                {
                    VmasText.Write(writer, all);
                }
            }

            Output.Problems(problems);
            return count > 0 || wanted == AccessRights.None
                ? ExitCode.Done
                : throw new NoAnswerException($"no area "
                    + $"of {(process is null ? "any process" : Printable.Of(process.ToString()))} allows {RightsText.Letters(wanted)}");
        });
        return command;
    }

    private static AccessRights Rights(string letters) =>
        RightsText.Parse(letters) is AccessRights rights && (rights & AccessRights.User) == AccessRights.None
            ? rights
            : throw new UsageException($"--rights '{letters}': letters of rwx");

    private static void Write(RowWriter rows, KernelTask process, VmaReport vma)
    {
        rows.Begin();
        rows.Number("pid"u8, (ulong)process.Pid);
        rows.Text("comm"u8, process.Comm);
        rows.Address("start"u8, vma.Start.Value);
        rows.Address("end"u8, vma.End.Value);
        rows.Text("flags"u8, vma.Flags);
        rows.Address("offset"u8, vma.Offset);
        rows.Text("device"u8, vma.Device);
        rows.Number("inode"u8, vma.Inode);
        rows.Text("path"u8, vma.Path);
        rows.Number("residentBytes"u8, vma.ResidentBytes);
        rows.Number("swappedBytes"u8, vma.SwappedBytes);
        rows.Number("hugeBytes"u8, vma.HugeBytes);
        rows.Address("vma"u8, vma.Vma.Value);
        rows.End();
    }
}
