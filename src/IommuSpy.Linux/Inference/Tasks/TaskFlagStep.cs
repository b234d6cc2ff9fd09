namespace IommuSpy.Linux.Inference.Tasks;

/// <summary>task_struct.flags, by the bit that kernel threads have.</summary>
internal sealed class TaskFlagStep : InferenceStep<TaskSet, TaskNumbers, TaskFamily, FieldsOnly>
{
    private const ulong KernelThread = 0x0020_0000; // PF_KTHREAD
    private const ulong Kthreadd = 2;
    private const uint MostReferences = 1 << 20;
    private const uint MostTraced = 1 << 24;

    /// <inheritdoc/>
    public override string Subject => "the flags of tasks";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Fields => ["task_struct.flags"];

    // Every kernel thread is kthreadd's child, but for itself and init_task.
    /// <inheritdoc/>
    public override Part<FieldsOnly> Infer(InferenceContext context, TaskSet tasks, TaskNumbers numbers, TaskFamily family)
    {
        KernelBytes memory = context.Memory;
        if (tasks.Leaders.Find(task => (uint)memory.WordOrZero(task + (ulong)numbers.PidAt) == Kthreadd) is not (ulong kthreadd and not 0))
        {
            return Part.Absent("no process has the number 2, as kthreadd has");
        }

        HashSet<ulong> kernelThreads =
            [.. tasks.All.Where(task => task == kthreadd || task == tasks.InitTask || memory.WordOrZero(task + (ulong)family.RealParentAt) == kthreadd)];
        if (kernelThreads.Count == tasks.All.Count)
        {
            return Part.Absent("every task is a kernel thread");
        }

        // Either half of a pointer may have the bit too: all kernel threads share some objects.
        List<int> offsets = FieldSearch.HalfWords(memory, tasks.All, tasks.Bytes, (task, value, offset) =>
            (value & KernelThread) != 0 == kernelThreads.Contains(task)
            && !KernelBytes.LooksLikePointer(memory.WordOrZero((task + (ulong)offset) & ~(sizeof(ulong) - 1UL))));
        InferenceConfidence confidence = offsets.Count > 1 ? InferenceConfidence.DeclarationOrder : InferenceConfidence.Unique;
        if (offsets.Count > 1)
        {
            // A part of saved registers may have it by chance. In every release flags stands between usage, a count of references, and ptrace, which is small.
            offsets.RemoveAll(offset => offset < sizeof(uint) || !tasks.All.TrueForAll(task =>
                (uint)context.Read(task, offset - sizeof(uint)) is > 0 and < MostReferences && (uint)context.Read(task, offset + sizeof(uint)) < MostTraced));
        }

        if (offsets.Count == 1)
        {
            context.Book.Add("task_struct", "flags", offsets[0], LayoutBook.UnsignedInt, tasks.All.Count,
                "PF_KTHREAD (0x200000) is set in init_task, kthreadd and its children, and in no other task", confidence);
            return FieldsOnly.Done;
        }

        return Part.Absent(
            $"{offsets.Count} offsets have PF_KTHREAD set in exactly the kernel threads{(offsets.Count > 0 ? ": " + string.Join(", ", offsets) : "")}");
    }
}
