using System.Text;
using System.Text.Unicode;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tasks;

/// <summary>What is seldom asked of a process: when it began, on which CPU it is, its command line, its environment.</summary>
/// <param name="objects">Reads the kernel's memory.</param>
public sealed class ProcessDetails(KernelObjects objects)
{
    // More than any one argument may have (MAX_ARG_STRLEN); of more than this the beginning is shown.
    private const ulong MostBytes = 128 << 10;

    // Since boot, time asleep included: start_boottime since 5.5, real_start_time before.
    private readonly Field? _started = objects.Types.FindStruct("task_struct")?.Find("start_boottime", "real_start_time", "start_time");

    // In thread_info, which is the beginning of task_struct, since 5.16 on x86 (bcf9033e5449).
    private readonly Field? _cpu = objects.Types.FindStruct("task_struct")?.Find("cpu", "thread_info.cpu");
    private readonly Field? _argumentsStart = objects.Types.FindField("mm_struct", "arg_start");
    private readonly Field? _argumentsEnd = objects.Types.FindField("mm_struct", "arg_end");
    private readonly Field? _environmentStart = objects.Types.FindField("mm_struct", "env_start");
    private readonly Field? _environmentEnd = objects.Types.FindField("mm_struct", "env_end");

    /// <summary>When a task began, in nanoseconds since boot; null where that is not described.</summary>
    public ulong? StartedOf(KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return objects.Read(task.Address, _started);
    }

    /// <summary>The number of the CPU that a task runs on, or ran on last; null where that is not described.</summary>
    public int? CpuOf(KernelTask task)
    {
        ArgumentNullException.ThrowIfNull(task);
        return objects.Read(task.Address, _cpu) is ulong number and <= int.MaxValue ? (int)number : null;
    }

    /// <summary>The command line of a process, as it has it in its own memory; null where that cannot be read, as where it is swapped out.</summary>
    public IReadOnlyList<string>? ArgumentsOf(KernelTask task) => Strings(task, _argumentsStart, _argumentsEnd);

    /// <summary>The environment of a process, as it was given to it; null where that cannot be read.</summary>
    public IReadOnlyList<string>? EnvironmentOf(KernelTask task) => Strings(task, _environmentStart, _environmentEnd);

    private List<string>? Strings(KernelTask task, Field? from, Field? to)
    {
        ArgumentNullException.ThrowIfNull(task);
        if (task.Mm is not VirtualAddress mm || task.Root is not PhysicalAddress root || objects.Read(mm, from) is not ulong start
            || objects.Read(mm, to) is not ulong end || start >= end)
        {
            return null;
        }

        byte[] bytes = new byte[Math.Min(end - start, MostBytes)];
        int read = objects.Kernel.SpaceOf(root).Read(new(start), bytes);
        if (read < bytes.Length)
        {
            return null;
        }

        List<string> strings = [];
        ReadOnlySpan<byte> rest = bytes;
        while (!rest.IsEmpty)
        {
            int zero = rest.IndexOf((byte)0);
            ReadOnlySpan<byte> one = zero < 0 ? rest : rest[..zero];
            strings.Add(Utf8.IsValid(one) ? Encoding.UTF8.GetString(one) : Encoding.Latin1.GetString(one));
            rest = zero < 0 ? default : rest[(zero + 1)..];
        }

        return strings;
    }
}
