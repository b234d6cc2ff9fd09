using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy hooks: where the kernel leaves its own code, and what accounts for that.</summary>
internal static class HooksCommand
{
    public static Command Build()
    {
        Command command = new(
            "hooks",
            "Where the kernel leaves its own code, or is made to stop in it, and what of its own records accounts for that."
                + "\n\nEvery instruction of the kernel and its modules is decoded, and every word of their data and each gate of the interrupt table "
                + "looked at: what leads to memory that can be executed and is not the kernel's is shown. So is what is registered with the function tracer "
                + "and as a probe, and executable memory that is neither the kernel's nor a listed module's, a BPF program's or made by the kernel for itself. "
                + "Where nothing explains it, somebody has changed the kernel, or hides a module: inline hooks, replaced system calls, "
                + "operations of files or sockets led elsewhere. What the kernel has registered by its own rules is explained, "
                + "and may be unwanted all the same."
                + "\n\nExamples: iommu-spy hooks -s dump.elf"
                + "\n          iommu-spy hooks -s dump.elf --where kind=tracer");
        SourceOptions source = new(command);
        TableOptions output = new(command, AllTables.Hooks);
        command.SetAction(result =>
        {
            using Machine machine = source.OpenMachine(result);
            output.Answer(result, AllTables.Hooks, new Question(machine));
            return ExitCode.Done;
        });
        return command;
    }
}
