using System.CommandLine;
using IommuSpy.Cli.Assistants;
using IommuSpy.Cli.Sessions;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy mcp: one opened machine for an assistant that speaks the Model Context Protocol.</summary>
internal static class McpCommand
{
    public static Command Build()
    {
        Command command = new(
            "mcp",
            "A server of the Model Context Protocol on standard input and output, for assistants that look at dumps: each command that answers a question is a "
                + "tool, with the command's arguments and options, and answers as with --jsonl or -J. The source, --vm and --types that stand here hold for "
                + "all of them. Nothing is written, no program started, no connection opened. It ends where its input ends."
                + "\n\nAn answer has 100 rows unless more are asked for, and at most 1 MiB; whether there are more is said."
                + "\n\nExamples: iommu-spy mcp -s dump.elf");
        SourceOptions source = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { IsSession = true });
        command.SetAction(result =>
        {
            (Stream input, Stream output) = Descriptor.Take();
            using (input)
            using (output)
            using (Session session = Session.Begin(result, source, !SandboxOptions.IsLeftOut(result), onlyReads: true))
            using (ToolServer server = new(session))
            {
                server.Run(input, output);
            }

            return ExitCode.Done;
        });
        return command;
    }
}
