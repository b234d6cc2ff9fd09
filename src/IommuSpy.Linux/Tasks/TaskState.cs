using System.Numerics;

namespace IommuSpy.Linux.Tasks;

/// <summary>What a task does, as a letter (fs/proc/array.c, task_state_array; include/linux/sched.h, __task_state_index).</summary>
internal static class TaskState
{
    private const string Letters = "RSDTtXZPI";

    private const ulong Uninterruptible = 0x2;
    private const ulong NoLoad = 0x400;
    private const ulong Idle = Uninterruptible | NoLoad;
    private const ulong RealTimeLockWait = 0x1000;
    private const ulong Frozen = 0x8000;

    // TASK_REPORT: what has a letter of its own, less idle, which is two bits at once.
    private const ulong Reported = 0x7f;

    /// <summary>The letter of a state.</summary>
    /// <param name="state">task_struct.state.</param>
    /// <param name="exitState">task_struct.exit_state.</param>
    public static char Letter(ulong state, ulong exitState)
    {
        if ((state & Idle) == Idle)
        {
            return Letters[^1];
        }

        ulong reported = (state & (RealTimeLockWait | Frozen)) != 0 ? Uninterruptible : (state | exitState) & Reported;
        return Letters[64 - BitOperations.LeadingZeroCount(reported)];
    }
}
