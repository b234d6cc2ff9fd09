using System.CommandLine;
using IommuSpy.Analysis.Acquisition;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy acquire: the memory of this machine into a file.</summary>
internal static class AcquireCommand
{
    private const string StandardOutput = "-";

    public static Command Build()
    {
        Argument<string> target = new("OUT") { Description = "The new file, readable by you alone; - for standard output." };
        Option<string> format = new("--format") { Description = "elf, lime, avml or raw.", HelpName = "FORMAT", DefaultValueFactory = _ => "elf" };
        Option<bool> resume =
            new("--resume")
            {
                Description = "Go on with what an interrupted run left: OUT.partial and OUT.journal. Same boot, same format; elf, lime and raw."
            };
        Option<bool> force = new("--force") { Description = "Replace OUT where it is there; never the source itself." };
        format.TakesOnly("elf", "lime", "avml", "raw");
        Command command = new(
            "acquire",
            "Writes the physical memory of this machine (or of any -s) to a file, hashed, with what the machine says of itself: iomem, kallsyms, ACPI tables, "
                + "PCI functions, IOMMUs and their registers. ELF keeps that in a note, the others in OUT.system.json; reading the image uses it. Pages of "
                + "zeros become holes of the file.\n\nExamples: sudo iommu-spy acquire memory.elf\n          sudo iommu-spy acquire memory.elf --resume\n      "
                + "    sudo iommu-spy acquire - --format lime | ssh store 'cat > memory.lime'")
        {
            target,
            format,
            resume,
            force,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { Writes = CommandNeeds.FoldersOf(result.GetValue(target)!) });
        command.SetAction(result =>
        {
            string path = result.GetRequiredValue(target);
            bool isStream = string.Equals(path, StandardOutput, StringComparison.Ordinal);
            if (isStream && result.GetValue(resume))
            {
                throw new UsageException("--resume goes on with a file: name one");
            }

            if (!isStream)
            {
                ImageWriter.RefuseWhatIsThere(path, source.Named(result), result.GetValue(force));
            }

            ImageFormat written = Enum.Parse<ImageFormat>(result.GetValue(format)!, ignoreCase: true);
            using MemoryImage image = source.OpenImage(result);
            Acquirer acquirer = new(image, source.Options(result));
            Progress progress = new("acquiring");
            AcquireReport report;
            if (isStream)
            {
                using Stream stream = Output.Image();
                report = acquirer.Write(stream, written, progress.Show);
                stream.Flush();
            }
            else
            {
                report = acquirer.Write(path, written, result.GetValue(resume), progress.Show);
            }

            progress.Clear();
            if (!isStream)
            {
                Reports.Write(result, output.Form(result), report, ReportJson.Default.AcquireReport, AcquireText.Write);
            }
            else
            {
                // Standard output is the image.
                using LineWriter text = Output.Beside();
                AcquireText.Write(text, report);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
