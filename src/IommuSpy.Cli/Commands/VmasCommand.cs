using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy vmas: what a process has mapped.</summary>
internal static class VmasCommand
{
    public static Command Build()
    {
        Argument<string> pid = new("PID") { Description = "Number of the process, or of a thread of it (see `iommu-spy ps`)." };
        Command command = new(
            "vmas",
            "What a process has mapped: as /proc/PID/maps, and how much of it is in memory, swapped out, and in huge pages.\n\nExamples: iommu-spy vmas -s dump.elf 173\n          iommu-spy vmas -s dump.elf 173 --jsonl")
        {
            pid,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command, rows: true);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            KernelTask process = Processes.WithMemory(machine, result.GetRequiredValue(pid));
            VmaList list = VmaList.Of(machine, process);
            if (output.Json(result) || output.JsonLines(result))
            {
                Output.Rows(output.JsonLines(result), rows =>
                {
                    foreach (VmaReport row in list.Rows)
                    {
                        Write(rows, row);
                    }
                });
            }
            else
            {
                using StreamWriter writer = Output.Text();
                VmasText.Write(writer, list);
            }

            Output.Problems(list.Problems);
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(RowWriter rows, VmaReport vma)
    {
        rows.Begin();
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
