using System.Globalization;

namespace IommuSpy.Linux.Log;

/// <summary>Who wrote a message: a task, or a CPU that was in an interrupt (kernel/printk/printk.c, printk_caller_id).</summary>
/// <param name="Id">As the kernel keeps it: a pid, or a CPU's number with the highest bit set.</param>
public readonly record struct LogCaller(uint Id)
{
    private const uint CpuFlag = 0x8000_0000;

    /// <summary>The task's pid; null for a CPU.</summary>
    public int? Pid => (Id & CpuFlag) == 0 ? (int)Id : null;

    /// <summary>The CPU's number; null for a task.</summary>
    public int? Cpu => (Id & CpuFlag) != 0 ? (int)(Id & ~CpuFlag) : null;

    /// <summary>As dmesg prints it: "T1" or "C0".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Cpu is null ? 'T' : 'C')}{Id & ~CpuFlag}");
}
