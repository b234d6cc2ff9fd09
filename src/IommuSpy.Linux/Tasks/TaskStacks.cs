using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>Whose kernel stack starts where: task_struct.stack of every thread. Immutable; safe to share between threads.</summary>
public sealed class TaskStacks
{
    private readonly Dictionary<VirtualAddress, KernelTask> _byStart = [];

    private TaskStacks()
    {
    }

    /// <summary>Reads them; none where nothing describes where a task keeps its stack.</summary>
    /// <exception cref="MissingTypeException">Nothing describes threads.</exception>
    internal static TaskStacks Read(KernelObjects objects, TaskTable tasks)
    {
        TaskStacks stacks = new();
        if (objects.Types.FindField("task_struct", "stack") is Field stack)
        {
            foreach (KernelTask task in tasks.AllThreads)
            {
                if (objects.Pointer(task.Address, stack) is VirtualAddress start)
                {
                    stacks._byStart.TryAdd(start, task);
                }
            }
        }

        return stacks;
    }

    /// <summary>The task whose stack starts at an address; null for none.</summary>
    public KernelTask? Owner(VirtualAddress start) => _byStart.GetValueOrDefault(start);
}
