using IommuSpy.Linux.Files;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Sockets;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Sockets;

/// <summary>A machine's sockets, by the open files of its processes and by the kernel's own tables.</summary>
internal static class SocketList
{
    /// <summary>Hands over each socket once: those in the kernel's tables, by table, then those that are in none.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="process">Only sockets that this process has open, too; null for all.</param>
    /// <param name="receive">Takes them.</param>
    /// <returns>What is missing, a line each.</returns>
    /// <exception cref="MissingTypeException">Nothing describes sockets, or where tasks keep their open files.</exception>
    public static IReadOnlyList<string> Read(Machine machine, KernelTask? process, Action<SocketRow> receive)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        TaskTable tasks = machine.Parts.Tasks.Required;
        SocketReader reader = new(objects);
        InterfaceNames interfaces = new(objects);
        List<string> problems = [.. tasks.Damage];
        Dictionary<VirtualAddress, List<SocketHolder>> holders = [];
        OpenFileReader files = new(objects);
        foreach (KernelTask task in process is null || process.IsLeader ? tasks.Processes : [.. tasks.Processes, process])
        {
            (IReadOnlyList<OpenFile> open, string? damage) = files.Of(task);
            problems.AddRange(damage is null ? [] : [damage]);
            foreach (OpenFile file in open)
            {
                if (reader.OfFile(file.File.Address) is VirtualAddress sock)
                {
                    if (!holders.TryGetValue(sock, out List<SocketHolder>? its))
                    {
                        holders[sock] = its = [];
                    }

                    its.Add(new(task, file.Descriptor));
                }
            }
        }

        HashSet<VirtualAddress> seen = [];
        problems.AddRange(SocketTables.Visit(objects, sock => Show(sock, isListed: true)));
        foreach (VirtualAddress sock in holders.Keys)
        {
            Show(sock, isListed: false);
        }

        return problems;

        void Show(VirtualAddress sock, bool isListed)
        {
            List<SocketHolder> its = holders.GetValueOrDefault(sock) ?? [];
            if (seen.Add(sock) && (process is null || its.Exists(holder => holder.Process == process)) && reader.Read(sock) is KernelSocket socket)
            {
                string? name = socket is { Interface: int number and not 0, NamespaceObject: VirtualAddress space } ? interfaces.Of(space, number) : null;
                receive(new(socket, its, isListed, name));
            }
        }
    }
}
