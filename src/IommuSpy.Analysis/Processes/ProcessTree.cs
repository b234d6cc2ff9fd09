using IommuSpy.Linux.Tasks;

namespace IommuSpy.Analysis.Processes;

/// <summary>Puts children below their parents.</summary>
internal static class ProcessTree
{
    /// <summary>
    /// Each task after its parent, with how many ancestors it has. One whose parent is not among the tasks has none; so has the first of a ring of parents,
    /// which only damage makes.
    /// </summary>
    /// <param name="processes">By pid.</param>
    public static IEnumerable<(KernelTask Task, int Depth)> Order(IReadOnlyList<KernelTask> processes)
    {
        HashSet<int> known = [.. processes.Select(process => process.Pid)];
        ILookup<int, KernelTask> children = processes.Where(process => process.Parent != process.Pid).ToLookup(process => process.Parent ?? 0);
        HashSet<int> done = [];
        foreach (KernelTask top in processes.Where(process => process.Parent is not int parent || !known.Contains(parent)).Concat(processes))
        {
            Stack<(KernelTask Task, int Depth)> open = new([(top, 0)]);
            while (open.TryPop(out (KernelTask Task, int Depth) next))
            {
                if (!done.Add(next.Task.Pid))
                {
                    continue;
                }

                yield return next;
                foreach (KernelTask child in children[next.Task.Pid].Reverse())
                {
                    open.Push((child, next.Depth + 1));
                }
            }
        }
    }
}
