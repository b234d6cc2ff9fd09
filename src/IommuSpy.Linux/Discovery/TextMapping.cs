using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Where a root table maps the kernel's own image: text, rodata, data and bss, at one fixed distance from physical memory (x86-64: from __START_KERNEL_map on,
/// by phys_base; arch/x86/include/asm/page_64.h).
/// </summary>
/// <param name="MapStart">Where the space begins in which the architecture maps images.</param>
/// <param name="Start">First mapped address of the image: _text, or the start of the large page that holds it.</param>
/// <param name="Physical">Where that is in physical memory.</param>
/// <param name="Length">Bytes up to the last mapped page of the image; freed parts inside count.</param>
public sealed record TextMapping(VirtualAddress MapStart, VirtualAddress Start, PhysicalAddress Physical, ulong Length)
{
    // No kernel that boots fits into less; a freed top-level table may still map its first few pages.
    private const ulong FewestBytes = 1UL << 20;

    // The image comes first, modules with a distance for each page after it.
    private const int MaxDistances = 4096;

    /// <summary>
    /// What stands in physical memory for <see cref="MapStart"/> (x86-64: phys_base): physical = virtual - MapStart + PhysicalBase, modulo 2^64.
    /// </summary>
    public ulong PhysicalBase => unchecked(Physical.Value - (Start.Value - MapStart.Value));

    /// <summary>The image in physical memory. It is contiguous: the boot loader puts it there in one piece.</summary>
    public PhysicalRange PhysicalRange => new(Physical, Length);

    /// <summary>Whether an address falls into the image.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;

    /// <summary>The physical address of an address in the image.</summary>
    public PhysicalAddress ToPhysical(VirtualAddress address) => new(unchecked(address.Value - MapStart.Value + PhysicalBase));

    /// <summary>The address in the image of a physical one.</summary>
    public VirtualAddress ToVirtual(PhysicalAddress address) => new(unchecked(address.Value + MapStart.Value - PhysicalBase));

    /// <summary>Finds the image in the tables, or null where they map none.</summary>
    /// <param name="space">The space.</param>
    /// <param name="mapStart">The address from which its distance is counted.</param>
    /// <param name="images">Where the architecture maps images.</param>
    /// <param name="leaves">How many leaves were looked at: what it cost.</param>
    /// <param name="byCode">Whether only what the kernel may execute tells the image, since devices' memory may lie among it in larger runs.</param>
    /// <param name="budget">What the walk may use; null for the memory's own budget.</param>
    internal static TextMapping? Find(
        AddressSpace space, VirtualAddress mapStart, (VirtualAddress Start, ulong Bytes) images, out long leaves, bool byCode = false,
        WorkBudget? budget = null)
    {
        Runs runs = new(mapStart, byCode);
        space.Visit(images.Start, images.Start + (images.Bytes - 1), ref runs, budget);
        leaves = runs.Leaves;
        return runs.Largest();
    }

    /// <summary>Sums what is mapped at each distance from physical memory: the image is by far the most at one distance; modules are scattered.</summary>
    private struct Runs(VirtualAddress mapStart, bool byCode) : ICpuLeafVisitor
    {
        private readonly Dictionary<ulong, Run> _byBase = [];

        public long Leaves { get; private set; }

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
            Leaves++;
            ulong size = leaf.Bytes;
            ulong from = leaf.Address.Value;
            ulong distance = unchecked(leaf.Physical.Value - (from - mapStart.Value));
            ulong told = !byCode || (leaf.Rights & (AccessRights.Execute | AccessRights.User)) == AccessRights.Execute ? size : 0;
            if (_byBase.TryGetValue(distance, out Run run))
            {
                _byBase[distance] = run with { End = from + (size - 1), Told = run.Told + told };
            }
            else if (_byBase.Count < MaxDistances)
            {
                _byBase[distance] = new(from, from + (size - 1), told);
            }
        }

        public readonly TextMapping? Largest()
        {
            if (_byBase.Count == 0)
            {
                return null;
            }

            (ulong distance, Run run) = _byBase.MaxBy(pair => pair.Value.Told);
            return run.Told < FewestBytes
                ? null
                : new(mapStart, new(run.Start), new(unchecked(run.Start - mapStart.Value + distance)), run.End - run.Start + 1);
        }
    }

    private readonly record struct Run(ulong Start, ulong End, ulong Told);
}
