using IommuSpy.Linux.Code;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Architecture.Arm64;

/// <summary>
/// arm64 (arch/arm64; Documentation/arch/arm64/memory.rst), kernels since 5.4: the linear map in the lower part of the kernel's half, the image in vmalloc
/// space above it.
/// </summary>
internal sealed class Arm64Architecture : CpuArchitecture
{
    // The linear map's distance from physical memory is a multiple of what an entry of the PUD covers, or of a section: 512 MiB with 64 KiB pages, a multiple
    // of it with others (arch/arm64/include/asm/kernel-pgtable.h, ARM64_MEMSTART_ALIGN).
    private const ulong MemstartAlignment = 512UL << 20;

    // KASLR moves the image by multiples of a PMD entry's reach with 4 KiB pages, and of smaller steps with others.
    private const ulong ImageAlignment = 64UL << 10;

    /// <inheritdoc/>
    public override string Name => "arm64";

    /// <inheritdoc/>
    public override ImageMachine Machine { get; } = new(183, "aarch64"); // EM_AARCH64

    /// <inheritdoc/>
    /// <remarks>With the other sign: the kernel's is virtual less physical.</remarks>
    public override string PhysicalBaseName => "kimage_voffset";

    /// <inheritdoc/>
    public override ulong DistanceOf(ulong physicalBase) => unchecked(0 - physicalBase);

    /// <inheritdoc/>
    internal override IReadOnlyList<string> RootSymbols { get; } = ["swapper_pg_dir"];

    /// <inheritdoc/>
    /// <remarks>Nowhere in particular: kimage_voffset counts from 0.</remarks>
    internal override VirtualAddress ImageMap => new(0);

    /// <inheritdoc/>
    internal override ulong BaseAlignment => MemstartAlignment;

    /// <summary>PAGE_END: where the linear map ends and modules, vmalloc space and all else begin.</summary>
    internal static VirtualAddress LinearEnd(PagingMode mode) => new(ulong.MaxValue << (LeastHalfBits(mode) - 1));

    /// <inheritdoc/>
    internal override (VirtualAddress Start, ulong Bytes) ImageSpace(PagingMode mode)
    {
        VirtualAddress start = LinearEnd(mode);
        return (start, unchecked(0 - start.Value));
    }

    /// <inheritdoc/>
    /// <remarks>TTBR1_EL1 is in no note; of QEMU's stub for gdb it is among the system registers.</remarks>
    public override PhysicalAddress? RootOf(CpuState cpu, PagingMode mode) => null;

    /// <inheritdoc/>
    internal override RootSearch Roots(PhysicalMemory memory) => new Arm64RootSearch(this, memory);

    /// <inheritdoc/>
    internal override (VirtualAddress First, VirtualAddress Last) ChosenSpace(PagingMode mode) => (new(mode.FirstKernelAddress), new(ulong.MaxValue));

    /// <inheritdoc/>
    internal override ulong? PhysicalBaseOf(VmCoreInfoNote note) =>
        note.TryGetNumber("kimage_voffset", out long value) ? unchecked((ulong)-value) : null;

    /// <inheritdoc/>
    internal override IEnumerable<Witness<ulong>> PhysicalBases(KernelEvidence kernel)
    {
        if (kernel.Variable("kimage_voffset") is ulong variable)
        {
            yield return new(unchecked(0 - variable), "kallsyms kimage_voffset");
        }

        if (kernel.Note is VmCoreInfoNote note && PhysicalBaseOf(note) is ulong noted)
        {
            yield return new(noted, "VMCOREINFO kimage_voffset");
        }
    }

    /// <inheritdoc/>
    internal override IEnumerable<Witness<int>> Levels(KernelEvidence kernel)
    {
        if (kernel.Noted("TCR_EL1_T1SZ") is long unused and > 0 and < 64)
        {
            TableFormat format = kernel.Candidate.Mode.Format;
            int translated = 64 - (int)unused - format.PageShift;
            yield return new((translated + format.IndexBits - 1) / format.IndexBits, "VMCOREINFO TCR_EL1_T1SZ");
        }
    }

    /// <inheritdoc/>
    internal override Fact<ulong>? KaslrOffset(KernelEvidence kernel) => Fact<ulong>.Plausible(
        offset => offset % ImageAlignment == 0, kernel.Note?.KernelOffset is ulong noted ? new Witness<ulong>(noted, "VMCOREINFO KERNELOFFSET") : null);

    /// <inheritdoc/>
    internal override Fact<VirtualAddress>? ModulesBase(KernelEvidence kernel, AddressSpace space) => Noted(kernel, "MODULES_VADDR");

    /// <inheritdoc/>
    /// <remarks>With KASLR they lie near the image (arch/arm64/kernel/module.c, module_init_limits).</remarks>
    internal override bool ModulesLieInVmalloc => true;

    /// <inheritdoc/>
    /// <remarks>Fixed: the first mapping behind the linear map is a module, or the image.</remarks>
    internal override Fact<VirtualAddress>? VmallocBase(KernelEvidence kernel, Fact<VirtualAddress>? probed) => Noted(kernel, "VMALLOC_START");

    /// <inheritdoc/>
    /// <remarks>The linear map and the array of struct pages begin where the documentation says; frame 0 has no place in either.</remarks>
    internal override Fact<VirtualAddress>? BeginningOf(RegionKind kind, KernelFacts facts) => kind switch
    {
        RegionKind.Vmalloc => facts.VmallocBase,
        RegionKind.Modules => facts.ModulesBase,
        _ => null,
    };

    /// <inheritdoc/>
    public override IReadOnlyList<DocumentedLayout> DocumentedLayouts => Arm64Layouts.All;

    /// <inheritdoc/>
    public override DocumentedLayout? FindLayout(string release, int levels) => Arm64Layouts.For(release, levels);

    /// <inheritdoc/>
    internal override DocumentedLayout NewestLayout(int levels) => Arm64Layouts.Newest(levels);

    /// <inheritdoc/>
    internal override DocumentedLayout? FindLayout(string release, PagingMode mode) =>
        Arm64Layouts.For(release, mode.Format.PageShift, mode.AddressBits - 1, LeastHalfBits(mode));

    /// <inheritdoc/>
    public override UserEntries EntriesOf(LinuxKernel kernel) => new Arm64UserEntries(kernel);

    // VA_BITS_MIN: what kernels built for 52 bits are laid out for, so that they run where the CPU has 48 too (arch/arm64/include/asm/memory.h).
    private static int LeastHalfBits(PagingMode mode) => (mode.AddressBits - 1, mode.Format.PageShift) switch
    {
        (52, 14) => 47,
        (52, _) => 48,
        (int bits, _) => bits,
    };

    private static Fact<VirtualAddress>? Noted(KernelEvidence kernel, string number) =>
        kernel.Noted(number) is long at ? new([new(new(unchecked((ulong)at)), $"VMCOREINFO {number}")]) : null;

    /// <inheritdoc/>
    internal override CodeReferenceReader References => field ??= new Arm64ReferenceReader();
}
