using System.Globalization;
using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux;

/// <summary>A Linux kernel found in a memory image: its facts, its symbols, and its address space. Immutable; safe to share between threads.</summary>
public sealed class LinuxKernel
{
    internal LinuxKernel(MemoryLayout layout, CpuArchitecture architecture, PagingMode mode, KernelFacts facts, TextMapping text)
    {
        Layout = layout;
        Architecture = architecture;
        Mode = mode;
        Facts = facts;
        Text = text;
        Space = SpaceOf(facts.RootTable.Value);
    }

    /// <summary>
    /// Whether the release is this one or later, for what changed where nothing else in memory tells; null where it is none that begins with two numbers.
    /// </summary>
    internal bool? IsSince(int major, int minor)
    {
        string[] parts = Facts.Release.Value.Split('.', '-', '+');
        return parts.Length >= 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int itsMajor)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int itsMinor)
            ? (itsMajor, itsMinor).CompareTo((major, minor)) >= 0
            : null;
    }

    /// <summary>How the file was read as physical memory.</summary>
    public MemoryLayout Layout { get; }

    /// <summary>The machine's physical memory.</summary>
    public PhysicalMemory Memory => Layout.Memory;

    /// <summary>The architecture of the CPUs that it runs on.</summary>
    public CpuArchitecture Architecture { get; }

    /// <summary>How they read page tables.</summary>
    public PagingMode Mode { get; }

    /// <summary>What was found out, each with how.</summary>
    public KernelFacts Facts { get; }

    /// <summary>Where the kernel's image is mapped.</summary>
    public TextMapping Text { get; }

    /// <summary>The kernel's own address space.</summary>
    public AddressSpace Space { get; }

    /// <summary>The whole symbol table and how it is stored, or null: see <see cref="KallsymsAbsence"/>.</summary>
    public KallsymsTable? Kallsyms { get; internal init; }

    /// <summary>Why there are no symbols; null where there are.</summary>
    public string? KallsymsAbsence { get; internal init; }

    /// <summary>What the kernel tells crash dump tools of itself, or null where none was found.</summary>
    public VmCoreInfoNote? VmCoreInfo { get; internal init; }

    /// <summary>What uname(2) says of it; null where that does not read so.</summary>
    internal UtsName? Uts { get; init; }

    /// <summary>The tables of all processes by the kernel's own list; null where this kernel has no readable pgd_list.</summary>
    public IReadOnlyList<PhysicalAddress>? ProcessTables { get; internal init; }

    /// <summary>Bytes of a struct page.</summary>
    public int StructPageBytes { get; internal init; }

    /// <summary>Bytes that the direct map maps: all of the machine's memory, as the kernel counts it; 0 where there is no direct map.</summary>
    public ulong DirectMapBytes { get; internal init; }

    /// <summary>How many of them the image lacks: 0 for a whole image.</summary>
    public ulong MissingBytes { get; internal init; }

    /// <summary>Whether its tables map memory at all: where they do not, their lower levels are missing, or are not where the image has them.</summary>
    public bool MapsMemory { get; internal init; }

    /// <summary>Whether the image lacks a part of memory that matters, rather than what firmware or a capture kernel keeps to itself.</summary>
    public bool IsPartial => MissingBytes > DirectMapBytes / MissingTolerance;

    /// <summary>One part in so many of memory may be missing from an image that counts as whole.</summary>
    internal const int MissingTolerance = 64;

    /// <summary>Finds the kernel in an image.</summary>
    /// <exception cref="LinuxDiscoveryException">There is none, or nothing verifies.</exception>
    public static LinuxKernel Discover(MemoryImage image) => Discover(image, CpuArchitecture.All);

    internal static LinuxKernel Discover(MemoryImage image, IReadOnlyList<CpuArchitecture> architectures) => new KernelDiscovery(image, architectures).Find();

    /// <summary>
    /// The same kernel, whose memory stays as it was when it was first asked for: for what looks at one thing often. Itself where memory does not change.
    /// </summary>
    internal LinuxKernel Still() => !Memory.Changes ? this : new(Layout with { Memory = Memory.Still() }, Architecture, Mode, Facts, Text)
    {
        Kallsyms = Kallsyms,
        KallsymsAbsence = KallsymsAbsence,
        VmCoreInfo = VmCoreInfo,
        ProcessTables = ProcessTables,
        StructPageBytes = StructPageBytes,
        DirectMapBytes = DirectMapBytes,
        MissingBytes = MissingBytes,
        MapsMemory = MapsMemory,
    };

    /// <summary>The space under another root of this machine: a process's.</summary>
    public AddressSpace SpaceOf(PhysicalAddress root) => AddressSpace.Of(Memory, root, Mode);

    /// <summary>Where a symbol of the kernel's image is; null where none has that name, or there are no symbols.</summary>
    internal VirtualAddress? AddressOf(string name) =>
        Kallsyms?.Symbols is SymbolTable symbols && symbols.TryFind(name, out Symbol symbol) ? symbol.Address : null;

    /// <summary>The direct-map address of a physical one, or null where the direct map was not found or does not map it.</summary>
    public VirtualAddress? DirectMapAddress(PhysicalAddress physical)
    {
        if (Facts.PageOffsetBase is not { } direct)
        {
            return null;
        }

        VirtualAddress address = direct.Value + physical.Value;
        return Space.TryTranslate(address, out PhysicalAddress back) && back == physical ? address : null;
    }
}
