using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Discovery;

/// <summary>
/// Where a root table maps the kernel's own image: text, rodata, data and bss, from 0xffffffff80000000 on, at one fixed distance from physical
/// memory (Linux: __START_KERNEL_map, phys_base; arch/x86/include/asm/page_64.h).
/// </summary>
/// <param name="Start">First mapped address of the image: _text, or the start of the large page that holds it.</param>
/// <param name="Physical">Where that is in physical memory.</param>
/// <param name="Length">Bytes up to the last mapped page of the image; freed parts inside count.</param>
public sealed record TextMapping(VirtualAddress Start, PhysicalAddress Physical, ulong Length)
{
    /// <summary>Where the text mapping begins on every x86-64 kernel: __START_KERNEL_map.</summary>
    public const ulong MapStart = 0xffff_ffff_8000_0000;

    // The image is at most 1 GiB (KERNEL_IMAGE_SIZE with CONFIG_RANDOMIZE_BASE).
    private const ulong MapBytes = 1UL << 30;

    // No kernel that boots fits into less; a freed top-level table may still map its first few pages.
    private const ulong FewestBytes = 1UL << 20;

    // The image comes first, modules with a distance for each page after it.
    private const int MaxDistances = 4096;

    /// <summary>Linux's phys_base: physical = virtual - __START_KERNEL_map + phys_base, modulo 2^64.</summary>
    public ulong PhysicalBase => unchecked(Physical.Value - (Start.Value - MapStart));

    /// <summary>The image in physical memory. It is contiguous: the boot loader puts it there in one piece.</summary>
    public PhysicalRange PhysicalRange => new(Physical, Length);

    /// <summary>Whether an address falls into the image.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;

    /// <summary>The physical address of an address in the image.</summary>
    public PhysicalAddress ToPhysical(VirtualAddress address) => new(unchecked(address.Value - MapStart + PhysicalBase));

    /// <summary>The address in the image of a physical one.</summary>
    public VirtualAddress ToVirtual(PhysicalAddress address) => new(unchecked(address.Value + MapStart - PhysicalBase));

    /// <summary>Finds the image in the tables, or null where they map none.</summary>
    public static TextMapping? Find(X64AddressSpace space) => Find(space, out _);

    /// <inheritdoc cref="Find(X64AddressSpace)"/>
    /// <param name="space">The space.</param>
    /// <param name="leaves">How many leaves were looked at: what it cost.</param>
    internal static TextMapping? Find(X64AddressSpace space, out long leaves)
    {
        Runs runs = new(space);
        space.Visit(new(MapStart), new(MapStart + (MapBytes - 1)), ref runs);
        leaves = runs.Leaves;
        return runs.Largest();
    }

    /// <summary>Sums what is mapped at each distance from physical memory: the image is by far the most at one distance; modules are scattered.</summary>
    private struct Runs(X64AddressSpace space) : ILeafVisitor
    {
        private readonly Dictionary<ulong, Run> _byBase = [];

        public long Leaves { get; private set; }

        public void Leaf(ulong address, int level, ulong entry, ulong grants)
        {
            Leaves++;
            ulong size = 1UL << (3 + (9 * level));
            ulong from = space.SignExtend(address);
            ulong physical = X64Format.Target(entry) & ~(size - 1);
            ulong distance = unchecked(physical - (from - MapStart));
            if (_byBase.TryGetValue(distance, out Run run))
            {
                _byBase[distance] = run with { End = from + (size - 1), Mapped = run.Mapped + size };
            }
            else if (_byBase.Count < MaxDistances)
            {
                _byBase[distance] = new(from, from + (size - 1), size);
            }
        }

        public readonly TextMapping? Largest()
        {
            if (_byBase.Count == 0)
            {
                return null;
            }

            (ulong distance, Run run) = _byBase.MaxBy(pair => pair.Value.Mapped);
            return run.Mapped < FewestBytes
                ? null
                : new(new(run.Start), new(unchecked(run.Start - MapStart + distance)), run.End - run.Start + 1);
        }
    }

    private readonly record struct Run(ulong Start, ulong End, ulong Mapped);
}
