using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>Every process and kernel thread of a kernel, by the list that begins at init_task. Immutable; safe to share between threads.</summary>
public sealed class TaskTable
{
    // An mm_struct of the kernel's own, through which it changes its code, since 5.0 (arch/x86/kernel/alternative.c); the second name since 6.15.
    private static readonly string[] PatchingMemory = ["poking_mm", "text_poke_mm"];

    private readonly KernelObjects _objects;
    private readonly TaskReader _reader;
    private readonly int _most;
    private readonly Dictionary<PhysicalAddress, List<KernelTask>> _byRoot = [];
    private readonly Dictionary<int, KernelTask> _byPid = [];
    private readonly Lazy<IReadOnlyList<KernelTask>> _threads;
    private readonly Lazy<Dictionary<int, KernelTask>> _threadsByPid;
    private readonly Lazy<Dictionary<PhysicalAddress, string>> _kernelMemories;

    private TaskTable(KernelObjects objects, TaskReader reader, IReadOnlyList<KernelTask> processes, IReadOnlyList<string> damage)
    {
        _objects = objects;
        _reader = reader;
        _most = MostTasks(objects);
        Processes = processes;
        Damage = damage;
        foreach (KernelTask process in processes)
        {
            _byPid.TryAdd(process.Pid, process);
            if (process.Root is PhysicalAddress root)
            {
                if (!_byRoot.TryGetValue(root, out List<KernelTask>? owners))
                {
                    _byRoot[root] = owners = [];
                }

                owners.Add(process);
            }
        }

        _threads = new(() => [.. Processes.SelectMany(process => Threads(process).Threads).OrderBy(thread => thread.Pid)]);
        _kernelMemories = new(() =>
        {
            Dictionary<PhysicalAddress, string> memories = [];
            foreach (string variable in PatchingMemory)
            {
                if (_objects.Variable(variable) is VirtualAddress pointer && _objects.Pointer(pointer) is VirtualAddress mm
                    && _reader.Root(mm).Root is PhysicalAddress root)
                {
                    memories[root] = variable;
                }
            }

            return memories;
        });
        _threadsByPid = new(() => _threads.Value.DistinctBy(thread => thread.Pid).ToDictionary(thread => thread.Pid));
    }

    /// <summary>The first thread of every process, and every kernel thread, by pid. The idle tasks, which have pid 0, are not among them.</summary>
    public IReadOnlyList<KernelTask> Processes { get; }

    /// <summary>Why tasks may be missing from <see cref="Processes"/>, or how they were found all the same; empty for a whole list.</summary>
    public IReadOnlyList<string> Damage { get; }

    /// <summary>Every thread of every process, by pid.</summary>
    public IReadOnlyList<KernelTask> AllThreads => _threads.Value;

    /// <summary>Reads the list.</summary>
    /// <exception cref="MissingTypeException">The kernel has no symbol init_task, or its task_struct is not described.</exception>
    public static TaskTable Read(KernelObjects objects)
    {
        VirtualAddress idle = objects.Variable("init_task")
            ?? throw new MissingTypeException("this image has no symbol init_task, where the list of processes begins");
        TaskReader reader = new(objects);
        VirtualAddress head = idle + reader.Fields.Tasks.Offset;
        List<string> damage = [];
        SortedDictionary<int, KernelTask> found = [];
        int most = MostTasks(objects);
        KernelList list = KernelList.Read(objects, head, reader.Fields.Tasks.Offset, most);
        Add(list);
        if (list.Damage is not null)
        {
            // What the break hides from one side, the other side leads to.
            damage.Add($"the list of tasks is damaged: {list.Damage}; {found.Count} came before that");
            int before = found.Count;
            KernelList rest = KernelList.ReadBackwards(objects, head, reader.Fields.Tasks.Offset, most);
            Add(rest);
            damage.Add($"from its other end {found.Count - before} more were found{(rest.Damage is null ? "" : $", until {rest.Damage}")}");
        }

        return new(objects, reader, [.. found.Values], damage);

        void Add(KernelList elements)
        {
            foreach (VirtualAddress address in elements.Elements)
            {
                if (reader.Read(address) is not KernelTask task)
                {
                    damage.Add($"what the list of tasks links at {address} is no task");
                }
                else if (!found.TryAdd(task.Pid, task) && found[task.Pid].Address != address)
                {
                    damage.Add($"two tasks have pid {task.Pid}: {found[task.Pid].Address} and {address}");
                }
            }
        }
    }

    // A list that is longer goes round in a way that its back links hide, or its tasks overlap.
    private static int MostTasks(KernelObjects objects) => objects.MostOf(objects.Types.Struct("task_struct"));

    /// <summary>The threads of a process, its first one among them, in the order of their creation.</summary>
    /// <returns>The threads, and why some may be missing; null where none are.</returns>
    public (IReadOnlyList<KernelTask> Threads, string? Damage) Threads(KernelTask process)
    {
        TaskFields fields = _reader.Fields;
        KernelList list;
        if (fields is { ThreadNode: { } node, ThreadHead: { } head } && _objects.Pointer(process.Address, fields.Signal) is VirtualAddress signal)
        {
            list = KernelList.Read(_objects, signal + head.Offset, node.Offset, _most);
        }
        else if (fields.ThreadGroup is { } group)
        {
            // The first thread is the head of this list.
            list = KernelList.Read(_objects, process.Address + group.Offset, group.Offset, _most);
        }
        else
        {
            return ([process], "which other threads it has, this description of types does not tell");
        }

        List<KernelTask> threads = [.. list.Elements.Select(_reader.Read).OfType<KernelTask>().Where(thread => thread.Tgid == process.Tgid)];
        if (!threads.Exists(thread => thread.Address == process.Address))
        {
            threads.Insert(0, process);
        }

        return (threads, list.Damage);
    }

    /// <summary>The task of a number, whether it is a process's first thread or another; null where there is none.</summary>
    public KernelTask? Find(int pid) => _byPid.GetValueOrDefault(pid) ?? _threadsByPid.Value.GetValueOrDefault(pid);

    /// <summary>
    /// What is no process's and yet on the kernel's list of processes' tables: the tables of an mm_struct that the kernel made for itself, by the variable that
    /// points at it.
    /// </summary>
    public IReadOnlyDictionary<PhysicalAddress, string> KernelMemories => _kernelMemories.Value;

    /// <summary>The process or kernel thread whose task_struct is at an address; null where none is.</summary>
    public KernelTask? At(VirtualAddress address) => Processes.FirstOrDefault(process => process.Address == address);

    /// <summary>The processes that go through a top-level table, by pid: more than one between vfork and exec, and where clone shared the memory.</summary>
    public IReadOnlyList<KernelTask> OwnersOf(PhysicalAddress root) => _byRoot.TryGetValue(root, out List<KernelTask>? owners) ? owners : [];
}
