using IommuSpy.Linux;
using IommuSpy.Linux.Files;
using IommuSpy.Linux.Sockets;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Files;

/// <summary>Which processes have which files open.</summary>
public static class OpenFileList
{
    private const string Socket = "socket";

    /// <summary>Hands over each open file, by process and number.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">The process, or a thread; null for all processes.</param>
    /// <param name="receive">Takes them.</param>
    /// <returns>What is missing, a line each.</returns>
    /// <exception cref="MissingTypeException">Nothing describes where tasks keep them.</exception>
    public static IReadOnlyList<string> Read(Machine machine, KernelTask? process, Action<OpenFileRow> receive)
    {
        ArgumentNullException.ThrowIfNull(machine);
        ArgumentNullException.ThrowIfNull(receive);
        TaskTable tasks = machine.Parts.Tasks.Required;
        List<string> problems = process is null ? [.. tasks.Damage] : [];
        OpenFileReader reader = new(machine.Parts.Objects.Required);
        SocketReader? sockets = Part.Read(() => new SocketReader(machine.Parts.Objects.Required)).Value;
        foreach (KernelTask task in process is null ? tasks.Processes : [process])
        {
            (IReadOnlyList<OpenFile> files, string? damage) = reader.Of(task);
            foreach (OpenFile file in files)
            {
                receive(new(task, file,
                    file.Kind == Socket && sockets?.OfFile(file.File.Address) is VirtualAddress sock ? sockets.Read(sock) : null));
            }

            problems.AddRange(damage is null ? [] : [damage]);
        }

        return problems;
    }
}
