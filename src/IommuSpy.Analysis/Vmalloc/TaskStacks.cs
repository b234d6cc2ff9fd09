using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Tasks;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Vmalloc;

/// <summary>Whose kernel stack starts where: task_struct.stack of every thread.</summary>
internal sealed class TaskStacks
{
    private readonly Dictionary<VirtualAddress, KernelTask> _byStart = [];

    private TaskStacks()
    {
    }

    /// <summary>Reads them; none where nothing describes tasks or their stacks.</summary>
    public static TaskStacks Read(Machine machine)
    {
        TaskStacks stacks = new();
        try
        {
            KernelObjects objects = machine.Objects;
            if (objects.Types.FindField("task_struct", "stack") is Field stack)
            {
                foreach (KernelTask task in machine.Tasks.AllThreads)
                {
                    if (objects.Pointer(task.Address, stack) is VirtualAddress start)
                    {
                        stacks._byStart.TryAdd(start, task);
                    }
                }
            }
        }
        catch (MissingTypeException)
        {
            // Nothing tells whose stacks they are: the areas are shown without.
        }

        return stacks;
    }

    /// <summary>The task whose stack starts at an address; null for none.</summary>
    public KernelTask? Owner(VirtualAddress start) => _byStart.GetValueOrDefault(start);
}
