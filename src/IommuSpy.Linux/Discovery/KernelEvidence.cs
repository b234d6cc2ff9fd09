using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Linux.VmCoreInfo;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>What witnesses of a candidate's facts are asked with: its image in memory, its symbols, and the note that it keeps for crash dump tools.</summary>
/// <param name="Image">The memory image.</param>
/// <param name="Memory">The image, read in one layout.</param>
/// <param name="Candidate">The top-level table that led here.</param>
/// <param name="Banner">The kernel's one-line description; null where none reads as one.</param>
/// <param name="Uts">What uname(2) says of it; null where that does not read so.</param>
/// <param name="Symbols">Its symbols; null where it has none.</param>
internal sealed record KernelEvidence(
    MemoryImage Image, PhysicalMemory Memory, RootCandidate Candidate, Fact<string>? Banner, UtsName? Uts, SymbolTable? Symbols)
{
    /// <summary>The kernel's note; null where none was found.</summary>
    public VmCoreInfoNote? Note { get; init; }

    /// <summary>The kernel's architecture.</summary>
    public CpuArchitecture Architecture => Candidate.Architecture;

    /// <summary>What tells root tables from other pages.</summary>
    public RootSearch Roots { get; } = Candidate.Architecture.Roots(Memory);

    /// <summary>Where the kernel's image is.</summary>
    public TextMapping Text => Candidate.Text;

    /// <summary>The release, "6.1.0-56-amd64", as the kernel says it in up to three places, any of which may be spoiled; null where it does in none.</summary>
    public Fact<string>? Release => Fact<string>.Majority(
        Banner is not null ? new(Banner.Value.Split(' ')[2], "banner") : null,
        Uts is not null ? new(Uts.Release, "init_uts_ns") : null,
        Note is not null ? new(Note.Release, "VMCOREINFO OSRELEASE") : null);

    /// <summary>Whether variables are among the symbols: CONFIG_KALLSYMS_ALL.</summary>
    public bool ListsVariables => Symbol(KernelBanner.Symbol) is not null;

    /// <summary>The symbol of a name; null where there is none.</summary>
    public Symbol? Symbol(string name) => Symbols is not null && Symbols.TryFind(name, out Symbol symbol) ? symbol : null;

    /// <summary>The 8 bytes of a variable in the kernel's image.</summary>
    public ulong? Variable(string name) =>
        Symbol(name) is Symbol symbol && Text.Contains(symbol.Address) && Memory.TryRead(Text.ToPhysical(symbol.Address), out ulong value) ? value : null;

    /// <summary>A number of the note.</summary>
    public long? Noted(string number) => Note is not null && Note.TryGetNumber(number, out long value) ? value : null;

    /// <summary>A symbol of the note.</summary>
    public VirtualAddress? NotedSymbol(string name) => NotedSymbol(Note, name);

    /// <summary>A symbol of a note.</summary>
    public static VirtualAddress? NotedSymbol(VmCoreInfoNote? note, string name) =>
        note is not null && note.TryGetSymbol(name, out VirtualAddress address) ? address : null;

    /// <summary>The first of the architecture's names for the kernel's own table that leads to one.</summary>
    public Witness<PhysicalAddress>? NamedRoot() =>
        Architecture.RootSymbols.Select(name => Verified(Symbol(name)?.Address, $"kallsyms {name}")).FirstOrDefault(witness => witness is not null);

    /// <summary>A root table of this kernel's at an address in its image, or null where what stands there is none.</summary>
    public Witness<PhysicalAddress>? Verified(VirtualAddress? address, string source) =>
        address is VirtualAddress at && Text.Contains(at) && Roots.At(Text.ToPhysical(at)) is RootCandidate root
            && root.Text == Text && root.Mode.Levels == Candidate.Mode.Levels
            ? new(root.Address, source)
            : null;

    /// <summary>The space under a root table of this kernel's.</summary>
    public AddressSpace SpaceOf(PhysicalAddress root) => AddressSpace.Of(Memory, root, Candidate.Mode);
}
