using System.CommandLine;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy formats: what can be read and written.</summary>
internal static class FormatsCommand
{
    public static Command Build()
    {
        Command command = new("formats",
            "The formats of memory images: which can be read and written, and what each carries besides memory.\n\nExample: iommu-spy formats");
        OutputOptions output = new(command);
        command.SetAction(result =>
        {
            if (output.Json(result))
            {
                Output.Json([.. FormatDescription.All], ReportJson.Default.FormatDescriptionArray);
                return ExitCode.Done;
            }

            using StreamWriter writer = Output.Text();
            TextTable table = new("format", "", "recognised by", "carries besides memory", "made by");
            foreach (FormatDescription format in FormatDescription.All)
            {
                table.Add(format.Name, (format.Reads ? "r" : "-") + (format.Writes ? "w" : "-"), format.RecognisedBy, format.Carries, format.MadeBy);
            }

            table.Write(writer);
            writer.WriteLine();
            writer.WriteLine("Refused by name, with how to make something readable of them:");
            foreach (string kind in FormatDescription.Refused)
            {
                writer.WriteLine($"  {kind}");
            }

            return ExitCode.Done;
        });
        return command;
    }
}
