using System.Numerics;

namespace IommuSpy.Linux.Types.Inference;

/// <summary>task_struct.flags and stack.</summary>
internal static class TaskPropertyStep
{
    private const ulong KernelThread = 0x0020_0000; // PF_KTHREAD
    private const ulong StackEnd = 0x57ac_6e9d; // STACK_END_MAGIC
    private const ulong StackAlignment = 4096;
    private const ulong Kthreadd = 2;
    private const uint MostReferences = 1 << 20;
    private const uint MostTraced = 1 << 24;
    private const uint States = 1 << 16; // TASK_STATE_MAX
    private const uint BasicStates = 0xf; // interruptible, uninterruptible, stopped, traced

    public static void Run(InferenceState state)
    {
        Flags(state);
        Stack(state);
    }

    // Every kernel thread is kthreadd's child, but for itself and init_task.
    private static void Flags(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        if (state.Book.OffsetOf("task_struct", "real_parent") is not int parent || state.Book.OffsetOf("task_struct", "pid") is not int pid
            || state.Leaders.Find(task => (uint)memory.WordOrZero(task + (ulong)pid) == Kthreadd) is not (ulong kthreadd and not 0))
        {
            state.Book.Refuse("task_struct", "flags", "pid and real_parent, which tell kernel threads, were not found");
            return;
        }

        HashSet<ulong> kernelThreads =
            [.. state.Tasks.Where(task => task == kthreadd || task == state.InitTask || memory.WordOrZero(task + (ulong)parent) == kthreadd)];
        if (kernelThreads.Count == state.Tasks.Count)
        {
            state.Book.Refuse("task_struct", "flags", "every task is a kernel thread");
            return;
        }

        // Either half of a pointer may have the bit too: all kernel threads share some objects.
        List<int> offsets = FieldSearch.HalfWords(memory, state.Tasks, state.TaskBytes, (task, value, offset) =>
            (value & KernelThread) != 0 == kernelThreads.Contains(task)
            && !KernelBytes.LooksLikePointer(memory.WordOrZero((task + (ulong)offset) & ~(sizeof(ulong) - 1UL))));
        InferenceConfidence confidence = offsets.Count > 1 ? InferenceConfidence.DeclarationOrder : InferenceConfidence.Unique;
        if (offsets.Count > 1)
        {
            // A part of saved registers may have it by chance. In every release flags stands between usage, a count of references, and ptrace, which is small.
            offsets.RemoveAll(offset => offset < sizeof(uint) || !state.Tasks.TrueForAll(task =>
                (uint)state.Read(task, offset - sizeof(uint)) is > 0 and < MostReferences && (uint)state.Read(task, offset + sizeof(uint)) < MostTraced));
        }

        if (offsets.Count == 1)
        {
            state.Book.Add("task_struct", "flags", offsets[0], LayoutBook.UnsignedInt, state.Tasks.Count,
                "PF_KTHREAD (0x200000) is set in init_task, kthreadd and its children, and in no other task", confidence);
        }
        else
        {
            state.Book.Refuse("task_struct", "flags",
                $"{offsets.Count} offsets have PF_KTHREAD set in exactly the kernel threads{(offsets.Count > 0 ? ": " + string.Join(", ", offsets) : "")}");
        }
    }

    // state stands before stack in every release, alone or with another int behind it. Most tasks of a machine sleep; init_task runs.
    private static void State(InferenceState state, int stack)
    {
        int at = stack - sizeof(ulong);
        bool holds = at >= 0
            && state.Tasks.TrueForAll(task =>
                (uint)state.Read(task, at) is uint value && value < States
                    && (value == 0 || BitOperations.IsPow2(value & BasicStates) || (value & BasicStates) == 0))
            && (uint)state.Read(state.InitTask, at) == 0 && state.Tasks.Count(task => (uint)state.Read(task, at) != 0) > state.Tasks.Count / 2;
        if (holds)
        {
            // volatile long state before 5.14.
            bool old = !state.IsSince(5, 14);
            state.Book.Add("task_struct", old ? "state" : "__state", at, old ? LayoutBook.Long : LayoutBook.UnsignedInt, state.Tasks.Count,
                "before the stack, where every release declares it: 0 in init_task, one way to sleep or none in every task, and most sleep",
                InferenceConfidence.Confirmed);
        }
        else
        {
            state.Book.Refuse("task_struct", "state", "what stands before the stack is no state of a task");
        }
    }

    // What has ended keeps its task for a while and gives its stack back. Until 4.9 thread_info lies at the end of the stack and names the task.
    private static void Stack(InferenceState state)
    {
        KernelBytes memory = state.Memory;
        List<int> offsets = FieldSearch.Words(memory, state.Tasks, state.TaskBytes, (task, value, _) =>
            (value == 0 && task != state.InitTask)
            || (KernelBytes.LooksLikePointer(value) && value % StackAlignment == 0 && memory.WordOrZero(value) is ulong last
                && (last == StackEnd || last == task)));
        if (offsets.Count != 1)
        {
            state.Book.Refuse("task_struct", "stack", $"{offsets.Count} offsets lead to the end of a stack in every task");
            return;
        }

        State(state, offsets[0]);
        bool hasInfo = memory.WordOrZero(memory.WordOrZero(state.InitTask + (ulong)offsets[0])) == state.InitTask;
        state.Book.Add("task_struct", "stack", offsets[0], LayoutBook.Pointer, state.Tasks.Count,
            hasInfo ? "page aligned, and leads to a thread_info that names the task" : "page aligned, and leads to STACK_END_MAGIC");
        if (hasInfo)
        {
            state.Book.Add("thread_info", "task", 0, state.Book.PointerTo("task_struct"), state.Tasks.Count, "names the task whose stack it lies on");
        }
    }
}
