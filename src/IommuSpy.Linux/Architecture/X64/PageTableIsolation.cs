using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>
/// Page-table isolation (arch/x86/mm/pti.c): each process has two top-level tables. The kernel half is what mm_struct.pgd names; its entries for user space
/// refuse instruction fetches, so that what runs in user mode can only go through the user half, which tells the rights that count there.
/// </summary>
internal static class PageTableIsolation
{
    private const ulong HalfBytes = PageFrame.Size;
    private const ulong LowerHalfEntries = 256;
    private const ulong TextEntry = 511;

    /// <summary>The user half that belongs to a top-level table; null where it has none: without isolation, and for a user half itself.</summary>
    public static PhysicalAddress? UserHalfOf(LinuxKernel kernel, PhysicalAddress root)
    {
        // Both halves are one allocation of two pages: the user half is the page after the kernel half, and maps the same user space.
        if (root.Value % (2 * HalfBytes) != 0)
        {
            return null;
        }

        PhysicalAddress other = root + HalfBytes;
        return IsUserHalf(kernel, root, other) ? other : null;
    }

    // The user half shares every lower-half table with the kernel half; entries differ only in NX, which the kernel half sets (pti.c, __pti_set_user_pgtbl). Of
    // the upper half it has only what entering the kernel takes: some tables shared (cpu_entry_area), and some of its own, to each CPU's TSS and to the entry
    // code.
    private static bool IsUserHalf(LinuxKernel kernel, PhysicalAddress kernelHalf, PhysicalAddress userHalf)
    {
        bool shares = false;
        bool lacks = false;
        for (ulong i = 0; i < TextEntry; i++)
        {
            if (!kernel.Memory.TryRead(kernelHalf + (i * sizeof(ulong)), out ulong mine)
                || !kernel.Memory.TryRead(userHalf + (i * sizeof(ulong)), out ulong its))
            {
                return false;
            }

            bool both = X64Format.IsPresent(mine) && X64Format.IsPresent(its);
            bool same = both ? X64Format.Target(mine) == X64Format.Target(its) : X64Format.IsPresent(mine) == X64Format.IsPresent(its);
            if (!same && i < LowerHalfEntries)
            {
                return false;
            }

            shares |= both && same;
            lacks |= X64Format.IsPresent(mine) && !X64Format.IsPresent(its);
        }

        return (shares || lacks)
            && kernel.Memory.TryRead(kernelHalf + (TextEntry * sizeof(ulong)), out ulong top)
            && kernel.Memory.TryRead(userHalf + (TextEntry * sizeof(ulong)), out ulong userTop)
            && X64Format.IsPresent(userTop) && X64Format.Target(top) != X64Format.Target(userTop)
            && kernel.Memory.Contains(new(X64Format.Target(userTop & kernel.Mode.EntryMask)))
            && MapsEntryCode(kernel, userHalf);
    }

    // Its own witness: through it the entry code is where the kernel's image has it. Other tables that follow a root, such as level3_kernel_pgt, may share all
    // of a user half's shape.
    private static bool MapsEntryCode(LinuxKernel kernel, PhysicalAddress userHalf)
    {
        EntryCode code = new(kernel.Text);
        kernel.SpaceOf(userHalf).Visit(kernel.Text.Start, kernel.Text.Start + (kernel.Text.Length - 1), ref code);
        return code.IsMapped;
    }

    private struct EntryCode(TextMapping text) : ICpuLeafVisitor
    {
        public bool IsMapped { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat =>
            IsMapped |= text.Contains(leaf.Address) && leaf.Physical == text.ToPhysical(leaf.Address);
    }
}
