using System.Buffers.Binary;
using IommuSpy.Linux.Architecture.X64.Stacks;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.X64;

namespace IommuSpy.Linux.Architecture.X64;

/// <summary>x86-64, with 4-level and 5-level tables (arch/x86; Documentation/arch/x86/x86_64/mm.rst).</summary>
internal sealed class X64Architecture : CpuArchitecture
{
    /// <summary>Where the text mapping begins on every x86-64 kernel: __START_KERNEL_map.</summary>
    internal const ulong ImageStart = 0xffff_ffff_8000_0000;

    // KERNEL_IMAGE_SIZE: 512 MiB, and 1 GiB with CONFIG_RANDOMIZE_BASE.
    private const ulong SmallImageBytes = 512UL << 20;
    private const ulong LargeImageBytes = 1UL << 30;

    // The image's place is a multiple of a PMD entry's reach (CONFIG_PHYSICAL_ALIGN).
    private const ulong ImageAlignment = 2UL << 20;

    // Fixed in every layout since 4.16; nothing randomised lies above.
    private const ulong CpuEntryArea = 0xffff_fe00_0000_0000;

    // Every kernel has the fixmap in the last 16 MiB.
    private const ulong FixmapSpace = 0xffff_ffff_ff00_0000;

    private const ulong OneMiB = 1UL << 20;

    // VSYSCALL_ADDR (arch/x86/include/uapi/asm/vsyscall.h).
    private const ulong Vsyscall = 0xffff_ffff_ff60_0000;

    private const int GateCount = 256;
    private const ulong GateBytes = 16;
    private const ulong GatePresent = 1UL << 47;

    /// <inheritdoc/>
    public override string Name => "x86-64";

    /// <inheritdoc/>
    public override ImageMachine Machine { get; } = new(62, "x86_64"); // EM_X86_64

    /// <inheritdoc/>
    public override string PhysicalBaseName => "phys_base";

    /// <inheritdoc/>
    public override InstructionReader Instructions => field ??= new X64InstructionReader();

    /// <inheritdoc/>
    internal override CodeReferenceReader References => field ??= new X64ReferenceReader();

    /// <inheritdoc/>
    /// <remarks>It ends one page below the 2 MiB that hold the vsyscall page (arch/x86/include/asm/fixmap.h, FIXADDR_TOP).</remarks>
    public override VirtualAddress? FixmapTop => new(0xffff_ffff_ff7f_f000);

    /// <inheritdoc/>
    /// <remarks>init_top_pgt since 4.13, init_level4_pgt before.</remarks>
    internal override IReadOnlyList<string> RootSymbols { get; } = ["init_top_pgt", "init_level4_pgt", "swapper_pg_dir"];

    /// <inheritdoc/>
    internal override VirtualAddress ImageMap => new(ImageStart);

    /// <inheritdoc/>
    internal override (VirtualAddress Start, ulong Bytes) ImageSpace(PagingMode mode) => (ImageMap, LargeImageBytes);

    /// <inheritdoc/>
    /// <remarks>A P4D or PGD entry's reach before KASLR, a PUD entry's with it (arch/x86/mm/kaslr.c).</remarks>
    internal override ulong BaseAlignment => 1UL << 30;

    /// <inheritdoc/>
    internal override string? RootList => "pgd_list";

    /// <inheritdoc/>
    public override PhysicalAddress? RootOf(CpuState cpu, PagingMode mode) =>
        X64Registers.Root(cpu) is ulong cr3 ? new(X64Format.Target(cr3 & mode.EntryMask)) : null;

    /// <inheritdoc/>
    public override PhysicalAddress? UserHalfOf(LinuxKernel kernel, PhysicalAddress root) => PageTableIsolation.UserHalfOf(kernel, root);

    /// <inheritdoc/>
    internal override RootSearch Roots(PhysicalMemory memory) => new X64RootSearch(this, memory);

    /// <inheritdoc/>
    internal override (VirtualAddress First, VirtualAddress Last) ChosenSpace(PagingMode mode) => (new(mode.FirstKernelAddress), new(CpuEntryArea - 1));

    /// <inheritdoc/>
    internal override ulong? PhysicalBaseOf(VmCoreInfoNote note) => note.TryGetNumber("phys_base", out long value) ? unchecked((ulong)value) : null;

    /// <inheritdoc/>
    internal override IEnumerable<Witness<ulong>> PhysicalBases(KernelEvidence kernel)
    {
        if (kernel.Variable("phys_base") is ulong variable)
        {
            yield return new(variable, "kallsyms phys_base");
        }

        if (kernel.Note is VmCoreInfoNote note && PhysicalBaseOf(note) is ulong noted)
        {
            yield return new(noted, "VMCOREINFO phys_base");
        }
    }

    /// <inheritdoc/>
    internal override IEnumerable<Witness<int>> Levels(KernelEvidence kernel)
    {
        if (kernel.Image.Cpus.Count > 0 && X64Registers.Levels(kernel.Image.Cpus[0]) is int levels)
        {
            yield return new(levels, "CPU registers, CR4.LA57");
        }

        if (kernel.Noted("pgtable_l5_enabled") is long five)
        {
            yield return new(five != 0 ? 5 : 4, "VMCOREINFO pgtable_l5_enabled");
        }
    }

    /// <inheritdoc/>
    internal override IEnumerable<Witness<ulong>> EntryMasks(KernelEvidence kernel) =>
        kernel.Noted("sme_mask") is long mask ? [new(~unchecked((ulong)mask), "VMCOREINFO sme_mask")] : [];

    /// <inheritdoc/>
    internal override Fact<ulong>? KaslrOffset(KernelEvidence kernel)
    {
        ulong start = kernel.Symbol("_text")?.Address.Value ?? kernel.Text.Start.Value;
        return Fact<ulong>.Plausible(
            offset => offset % ImageAlignment == 0 && offset < LargeImageBytes,
            PreferredAddress(kernel) is ulong linked ? new(unchecked(start - ImageStart - linked), "kallsyms _text against boot_params.hdr.pref_address")
                : null,
            kernel.Note?.KernelOffset is ulong noted ? new(noted, "VMCOREINFO KERNELOFFSET") : null);
    }

    /// <inheritdoc/>
    /// <remarks>It begins where the space kept for the image ends.</remarks>
    internal override Fact<VirtualAddress>? ModulesBase(KernelEvidence kernel, AddressSpace space)
    {
        VirtualAddress? probed = ModuleProbe.First(space, kernel.Text, new(ImageStart + SmallImageBytes), new(FixmapSpace - 1)) is VirtualAddress first
            ? new(ImageStart + (first.Value >= ImageStart + LargeImageBytes ? LargeImageBytes : SmallImageBytes))
            : null;
        return Fact<VirtualAddress>.Plausible(
            at => at.Value % ImageAlignment == 0 && at.Value >= kernel.Text.Start.Value + kernel.Text.Length && at.Value < FixmapSpace,
            kernel.Noted("KERNEL_IMAGE_SIZE") is long size ? new(new(unchecked(ImageStart + (ulong)size)), "VMCOREINFO KERNEL_IMAGE_SIZE") : null,
            probed is VirtualAddress address ? new(address, "page tables") : null);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<DocumentedLayout> DocumentedLayouts => X64Layouts.All;

    /// <inheritdoc/>
    public override DocumentedLayout? FindLayout(string release, int levels) => X64Layouts.For(release, levels);

    /// <inheritdoc/>
    internal override DocumentedLayout NewestLayout(int levels) => levels == 5 ? X64Layouts.Linux420FiveLevel : X64Layouts.Linux420;

    /// <inheritdoc/>
    internal override StackWalker StackWalkerOf(KernelObjects objects, ModuleList? modules, Func<VirtualAddress, SymbolOffset?> symbolAt) =>
        X64StackWalker.For(objects, modules, symbolAt);

    /// <inheritdoc/>
    public override UserEntries EntriesOf(LinuxKernel kernel) => new X64UserEntries(kernel);

    /// <inheritdoc/>
    internal override string? NameOfUnlisted(PhysicalAddress root) => root.Value < OneMiB ? "in low memory: the real-mode trampoline's" : null;

    /// <summary>
    /// The physical address that the image was linked for, from the boot protocol's header that the kernel keeps (Documentation/arch/x86/boot.rst).
    /// </summary>
    private static ulong? PreferredAddress(KernelEvidence kernel)
    {
        const int PreferredAddressAt = 0x258;
        Span<byte> header = stackalloc byte[PreferredAddressAt + sizeof(ulong)];
        return kernel.Symbol("boot_params") is Symbol symbol && kernel.Text.Contains(symbol.Address)
            && kernel.Memory.Read(kernel.Text.ToPhysical(symbol.Address), header) == header.Length
            && FirmwareMap.HasSetupHeader(header)
            ? BinaryPrimitives.ReadUInt64LittleEndian(header[PreferredAddressAt..])
            : null;
    }

    // Intel SDM 3A 7.14.1: 16 bytes a gate; the address is in three parts, and bit 47 says that the gate is in use.
    internal override IEnumerable<(VirtualAddress At, VirtualAddress Target)> InterruptGates(LinuxKernel kernel)
    {
        if (kernel.AddressOf("idt_table") is not VirtualAddress table)
        {
            yield break;
        }

        for (int vector = 0; vector < GateCount; vector++)
        {
            VirtualAddress at = table + ((ulong)vector * GateBytes);
            if (kernel.Space.TryRead(at, out ulong low) && kernel.Space.TryRead(at + sizeof(ulong), out ulong high) && (low & GatePresent) != 0)
            {
                yield return (at, new((low & 0xffff) | ((low >> 32) & 0xffff_0000) | (high << 32)));
            }
        }
    }

    internal override IEnumerable<(VirtualAddress Start, ulong Length, string What)> OtherCode(LinuxKernel kernel)
    {
        // arch/x86/realmode/init.c: a copy of real_mode_blob below 1 MiB, to which real_mode_header points.
        if (kernel.AddressOf("real_mode_header") is VirtualAddress header && kernel.Space.TryRead(header, out ulong start)
            && kernel.AddressOf("real_mode_blob") is VirtualAddress first && kernel.AddressOf("real_mode_blob_end") is VirtualAddress end
            && end - first <= OneMiB && kernel.Space.TryTranslate(new(start), out PhysicalAddress low) && low.Value < OneMiB)
        {
            yield return (new(start), end - first, "start of CPUs");
        }

        // arch/x86/entry/vsyscall: a page of the image at an address that old programs call.
        if (kernel.AddressOf("__vsyscall_page") is VirtualAddress page && kernel.Space.TryTranslate(new(Vsyscall), out PhysicalAddress mapped)
            && mapped == kernel.Text.ToPhysical(page))
        {
            yield return (new(Vsyscall), PageFrame.Size, "vsyscall page");
        }
    }
}
