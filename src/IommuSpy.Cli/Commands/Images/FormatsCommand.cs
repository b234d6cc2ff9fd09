using System.CommandLine;
using IommuSpy.Catalogue;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy formats: what can be read and written.</summary>
internal static class FormatsCommand
{
    public static Command Build()
    {
        Command command = new("formats",
            "The formats of memory images: which can be read and written, and what each carries besides memory.\n\nExample: iommu-spy formats");
        TableOptions output = new(command, AllTables.Formats);
        command.SetAction(result =>
        {
            output.Answer(result, AllTables.Formats, new Question());
            if (!output.IsPlain(result))
            {
                return ExitCode.Done;
            }

            using StreamWriter writer = Output.Text();
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
