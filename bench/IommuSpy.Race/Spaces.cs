using IommuSpy.Linux;
using IommuSpy.Linux.Roots;
using IommuSpy.Translation;

namespace IommuSpy.Race;

/// <summary>The address spaces of a machine.</summary>
internal static class Spaces
{
    /// <summary>The process that maps most user memory: it has both halves to translate.</summary>
    public static AddressSpace LargestProcess(LinuxKernel kernel) => kernel.SpaceOf(
        RootTables.FindAll(kernel).Where(root => root.Kind == RootKind.Process).MaxBy(root => root.UserBytes)!.Address);

    /// <summary>All that a scan of memory finds: the kernel's, every process's, both halves under PTI, and freed ones that keep their shape.</summary>
    public static AddressSpace[] All(LinuxKernel kernel) => [.. RootTables.FindAll(kernel).Select(root => kernel.SpaceOf(root.Address))];

    /// <summary>Visits every leaf of every space.</summary>
    /// <param name="spaces">The spaces.</param>
    /// <param name="leaves">A sum over all leaves, so that no compiler may leave the visit out.</param>
    /// <returns>Entries looked at.</returns>
    public static long VisitAll(ReadOnlySpan<AddressSpace> spaces, out ulong leaves)
    {
        LeafSum sum = new();
        long entries = 0;
        foreach (AddressSpace space in spaces)
        {
            entries += space.Visit(ref sum).Entries(space.Format.IndexBits);
        }

        leaves = sum.Value;
        return entries;
    }

    private struct LeafSum : ICpuLeafVisitor
    {
        public ulong Value;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat => Value += leaf.Address.Value ^ leaf.Entry;
    }
}
