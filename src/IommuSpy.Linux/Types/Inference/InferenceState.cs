namespace IommuSpy.Linux.Types.Inference;

/// <summary>What inference has found so far: each step goes on from the objects that the steps before it found.</summary>
internal sealed class InferenceState(LinuxKernel kernel)
{
    /// <summary>The kernel.</summary>
    public LinuxKernel Kernel { get; } = kernel;

    /// <summary>Reads its objects.</summary>
    public KernelBytes Memory { get; } = new(kernel);

    /// <summary>What was pinned down.</summary>
    public LayoutBook Book { get; } = new();

    /// <summary>Where init_task is.</summary>
    public ulong InitTask { get; set; }

    /// <summary>Every task of the list of processes, init_task first.</summary>
    public List<ulong> Leaders { get; set; } = [];

    /// <summary>Every task that is a thread of another, by its leader; leaders with no other thread are left out.</summary>
    public Dictionary<ulong, List<ulong>> OtherThreads { get; } = [];

    /// <summary>Every task, init_task first: all leaders and all threads.</summary>
    public List<ulong> Tasks { get; set; } = [];

    /// <summary>More than which no task_struct has: the least distance between two of them.</summary>
    public int TaskBytes { get; set; }

    /// <summary>Each mm of a process, and a task that has it.</summary>
    public Dictionary<ulong, ulong> Maps { get; } = [];
}
