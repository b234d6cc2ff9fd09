using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Stacks;

/// <summary>Follows kernel stacks from a function to its caller, as the kernel of this architecture does it itself. Safe to share between threads.</summary>
public abstract class StackWalker
{
    /// <summary>The stack of a task that does not run at this moment.</summary>
    public abstract StackTrace TraceOf(KernelTask task);

    /// <summary>The stack of a CPU.</summary>
    /// <param name="cpu">Its registers, as the image has them.</param>
    public abstract StackTrace TraceOf(CpuState cpu);
}
