using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Visits the kernel's half of a space in address order, until a number of tables is read. Tables may be hostile; and KASAN's shadow, which lies above all that
/// discovery looks for, repeats one table millions of times. What is tried takes nothing of the budget of what is asked.
/// </summary>
internal static class BoundedVisit
{
    // 4 GiB of tables: a direct map of 2 TiB in 4 KiB pages, of 1 PiB in 2 MiB pages.
    private const long MaxTables = 1 << 20;

    /// <summary>Visits the leaves that translate any address of <paramref name="first"/> to <paramref name="last"/>, both of the kernel's half.</summary>
    public static void Visit<TVisitor>(AddressSpace space, VirtualAddress first, VirtualAddress last, ref TVisitor visitor)
        where TVisitor : struct, ICpuLeafVisitor
    {
        if (first.CompareTo(last) <= 0)
        {
            space.Visit(first, last, ref visitor, new WorkBudget(tables: MaxTables));
        }
    }
}
