using IommuSpy.Linux.Architecture.Arm64;
using IommuSpy.Linux.Architecture.X64;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Stacks;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Architecture;

/// <summary>
/// All that the architecture of the CPU decides about a kernel: how its page tables are found and read, where its virtual memory map puts things, what
/// registers and the kernel's own notes call them. The rest of the program knows no architecture. One is a folder beside this file, and a line in
/// <see cref="All"/>.
/// </summary>
public abstract class CpuArchitecture
{
    /// <summary>Those whose kernels are looked for, likeliest first.</summary>
    internal static IReadOnlyList<CpuArchitecture> All { get; } = [new X64Architecture(), new Arm64Architecture()];

    /// <summary>The virtual memory map that the kernel's documentation gives for a release, of the first architecture that has tables of that depth.</summary>
    /// <inheritdoc cref="FindLayout(string, int)"/>
    public static DocumentedLayout? FindDocumented(string release, int levels) =>
        All.Select(architecture => architecture.FindLayout(release, levels)).FirstOrDefault(layout => layout is not null);

    /// <summary>The machine that an image is of: where neither it nor a kernel tells, a guess, the likeliest.</summary>
    public static ImageMachine MachineOf(MemoryImage image) => image.Machine ?? All[0].Machine;

    /// <summary>What people call it: "x86-64".</summary>
    public abstract string Name { get; }

    /// <summary>The machine that files written of its memory say they are of.</summary>
    public abstract ImageMachine Machine { get; }

    /// <summary>Names of the kernel's own top-level table, newest first.</summary>
    internal abstract IReadOnlyList<string> RootSymbols { get; }

    /// <summary>The address from which the image's distance to physical memory is counted: <see cref="TextMapping.MapStart"/>.</summary>
    internal abstract VirtualAddress ImageMap { get; }

    /// <summary>Where the kernel's image can be mapped: module space and the like may lie in it, too. The direct map lies below.</summary>
    /// <param name="mode">How the CPU reads tables.</param>
    internal abstract (VirtualAddress Start, ulong Bytes) ImageSpace(PagingMode mode);

    /// <summary>The bases that the kernel chooses for the direct map, vmalloc space and vmemmap are multiples of this.</summary>
    internal abstract ulong BaseAlignment { get; }

    /// <summary>What the kernel calls the distance that <see cref="KernelFacts.PhysicalBase"/> stands for.</summary>
    public abstract string PhysicalBaseName { get; }

    /// <summary>That distance as the kernel's variable of that name has it.</summary>
    /// <param name="physicalBase"><see cref="KernelFacts.PhysicalBase"/>.</param>
    public virtual ulong DistanceOf(ulong physicalBase) => physicalBase;

    /// <summary>The highest address of the fixmap: its slots are counted down from it; null where the kernel has none.</summary>
    public virtual VirtualAddress? FixmapTop => null;

    /// <summary>The name of a list of the struct pages of all top-level tables in use; null where the kernel keeps none.</summary>
    internal virtual string? RootList => null;

    /// <summary>Looks for top-level tables in a memory.</summary>
    internal abstract RootSearch Roots(PhysicalMemory memory);

    /// <summary>The addresses among which the direct map, vmalloc space and vmemmap lie.</summary>
    /// <param name="mode">How the CPU reads tables.</param>
    internal abstract (VirtualAddress First, VirtualAddress Last) ChosenSpace(PagingMode mode);

    /// <summary>
    /// How far the image is from physical memory by a note for crash dump tools, as in <see cref="KernelFacts.PhysicalBase"/>; null where it does not tell.
    /// </summary>
    internal abstract ulong? PhysicalBaseOf(VmCoreInfoNote note);

    /// <summary>The top-level table that a CPU used; null where its registers say that it used none.</summary>
    /// <param name="cpu">Its registers.</param>
    /// <param name="mode">How it reads tables.</param>
    public abstract PhysicalAddress? RootOf(CpuState cpu, PagingMode mode);

    /// <summary>The depth of the tables by others than the tables.</summary>
    internal abstract IEnumerable<Witness<int>> Levels(KernelEvidence kernel);

    /// <summary>How far the image is from physical memory by others than the tables: the kernel's variable, the note.</summary>
    internal abstract IEnumerable<Witness<ulong>> PhysicalBases(KernelEvidence kernel);

    /// <summary>What clears bits that are no part of an entry, by others than the tables.</summary>
    internal virtual IEnumerable<Witness<ulong>> EntryMasks(KernelEvidence kernel) => [];

    /// <summary>How far the image is moved from where it was linked; null where nothing tells.</summary>
    internal abstract Fact<ulong>? KaslrOffset(KernelEvidence kernel);

    /// <summary>Where module space begins; null where nothing tells.</summary>
    /// <param name="kernel">What is known of the kernel.</param>
    /// <param name="space">Its own address space.</param>
    internal abstract Fact<VirtualAddress>? ModulesBase(KernelEvidence kernel, AddressSpace space);

    /// <summary>Whether modules may lie anywhere in vmalloc space, beside the image, rather than in a region of theirs.</summary>
    internal virtual bool ModulesLieInVmalloc => false;

    /// <summary>Where vmalloc space begins.</summary>
    /// <param name="kernel">What is known of the kernel.</param>
    /// <param name="chosen">By the kernel's variable and what the tables map, for those that choose it; null where nothing tells.</param>
    internal virtual Fact<VirtualAddress>? VmallocBase(KernelEvidence kernel, Fact<VirtualAddress>? chosen) => chosen;

    /// <summary>Where a region of the virtual memory map begins in one kernel; null where the documentation's place is its place.</summary>
    /// <param name="kind">The region.</param>
    /// <param name="facts">What was found out of the kernel.</param>
    internal virtual Fact<VirtualAddress>? BeginningOf(RegionKind kind, KernelFacts facts) => kind switch
    {
        RegionKind.DirectMap => facts.PageOffsetBase,
        RegionKind.Vmalloc => facts.VmallocBase,
        RegionKind.Vmemmap => facts.VmemmapBase,
        RegionKind.Modules => facts.ModulesBase,
        _ => null,
    };

    /// <summary>The virtual memory map that the kernel's documentation gives for a release.</summary>
    /// <param name="release">"6.1.0-56-amd64".</param>
    /// <param name="mode">How the CPU reads tables.</param>
    internal virtual DocumentedLayout? FindLayout(string release, PagingMode mode) => FindLayout(release, mode.Levels);

    /// <summary>The virtual memory map that the kernel's documentation gives for a release.</summary>
    /// <param name="release">"6.1.0-56-amd64".</param>
    /// <param name="levels">Depth of the tables.</param>
    /// <returns>Null for a text that does not begin with a version, and where there was no such depth.</returns>
    public abstract DocumentedLayout? FindLayout(string release, int levels);

    /// <summary>Every map that the kernel's documentation has given, oldest first.</summary>
    public abstract IReadOnlyList<DocumentedLayout> DocumentedLayouts { get; }

    /// <summary>The map of the newest release, for those that nobody knows.</summary>
    /// <param name="levels">Depth of the tables.</param>
    internal abstract DocumentedLayout NewestLayout(int levels);

    /// <summary>How a kernel writes the page-table entries of processes.</summary>
    public abstract UserEntries EntriesOf(LinuxKernel kernel);

    /// <summary>The table through which a process goes in user mode, by its top-level table; null where that is the same.</summary>
    /// <param name="kernel">The kernel.</param>
    /// <param name="root">The top-level table.</param>
    public virtual PhysicalAddress? UserHalfOf(LinuxKernel kernel, PhysicalAddress root) => null;

    /// <summary>What follows kernel stacks on this architecture.</summary>
    /// <param name="objects">The kernel's structures.</param>
    /// <param name="modules">The loaded modules; null where they are not known.</param>
    /// <param name="symbolAt">The symbol at or before an address.</param>
    /// <exception cref="MissingTypeException">Stacks cannot be followed.</exception>
    internal virtual StackWalker StackWalkerOf(KernelObjects objects, ModuleList? modules, Func<VirtualAddress, SymbolOffset?> symbolAt) =>
        throw new MissingTypeException($"kernel stacks of {Name} are not followed yet");

    /// <summary>What reads the instructions of this architecture; null where they are not read yet.</summary>
    public virtual InstructionReader? Instructions => null;

    /// <summary>What reads where the instructions of this architecture lead; null where they are not read yet.</summary>
    internal virtual CodeReferenceReader? References => null;

    /// <summary>The gates of the interrupt table that are in use: where each is, and where it leads; none where the CPU has no such table.</summary>
    internal virtual IEnumerable<(VirtualAddress At, VirtualAddress Target)> InterruptGates(LinuxKernel kernel) => [];

    /// <summary>Code of the kernel's own that is executed at other addresses than its image's: where, how many bytes, and what it is.</summary>
    internal virtual IEnumerable<(VirtualAddress Start, ulong Length, string What)> OtherCode(LinuxKernel kernel) => [];

    /// <summary>What a table is that has the shape of a root and is on no list, by where it is; null where that does not tell.</summary>
    internal virtual string? NameOfUnlisted(PhysicalAddress root) => null;
}
