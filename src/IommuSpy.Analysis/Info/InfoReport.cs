using System.Text.Json.Serialization;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Info;

/// <summary>What machine and kernel an image shows, and how each thing was found. Null is a stated absence.</summary>
public sealed record InfoReport(
    string Source,
    string Format,
    string MemoryLayout,
    string Release,
    string Banner,
    int PagingLevels,
    HexValue? KaslrOffset,
    HexValue PhysicalBase,
    VirtualAddress? PageOffsetBase,
    VirtualAddress? VmallocBase,
    VirtualAddress? VmemmapBase,
    VirtualAddress? ModulesBase,
    VirtualAddress ImageStart,
    PhysicalAddress ImagePhysical,
    ulong ImageBytes,
    PhysicalAddress Root,
    int? ProcessTables,
    int SymbolCount,
    string Symbols,
    bool HasVmCoreInfo,
    bool MemoryEncrypted,
    IReadOnlyList<CpuReport> Cpus,
    ulong MemoryBytes,
    ulong MissingBytes,
    IReadOnlyList<RangeReport> Ranges,
    IReadOnlyDictionary<string, IReadOnlyList<string>> Provenance,
    IReadOnlyList<string> Disagreements,
    IReadOnlyList<string> Damage)
{
    /// <summary><see cref="PhysicalBase"/> as the architecture's kernels have it in a variable: its name, and its value.</summary>
    [JsonIgnore]
    public (string Name, HexValue Value) ImageDistance { get; init; } = ("phys_base", PhysicalBase);

    /// <summary>The name in <see cref="Provenance"/> of how the processes' tables were found.</summary>
    public const string ProcessTablesFact = "processTables";

    /// <summary>Bytes of memory that were left out on purpose when the image was made: they cannot be read.</summary>
    public ulong ExcludedBytes { get; init; }

    /// <summary>Bytes of memory that should be in the image and are not: it is cut off, or was never finished.</summary>
    public ulong LostBytes { get; init; }

    /// <summary>Which kinds of pages makedumpfile left out (-d), where the image says so.</summary>
    public int? DumpLevel { get; init; }

    /// <summary>uname -n; null where nothing describes it.</summary>
    public string? Hostname { get; init; }

    /// <summary>With what the kernel was started: /proc/cmdline.</summary>
    public string? CommandLine { get; init; }

    /// <summary>When the machine booted; null where the kernel's clock cannot be read.</summary>
    public DateTimeOffset? Booted { get; init; }

    /// <summary>What time it was when the image was taken, by the kernel's clock.</summary>
    public DateTimeOffset? Taken { get; init; }

    /// <summary>How long it had been up, time asleep included.</summary>
    public double? UptimeSeconds { get; init; }

    /// <summary>The letter of each way in which the kernel is tainted; empty for none.</summary>
    public string? Taint { get; init; }

    /// <summary>Whether a CPU had panicked.</summary>
    public bool? HasPanicked { get; init; }

    /// <summary>What it said then, by the log.</summary>
    public string? Panic { get; init; }

    /// <summary>The facts by which the kernel was found, in words, each with what tells it.</summary>
    [JsonIgnore]
    public IReadOnlyList<InfoFact> Facts =>
    [
        Fact("release", Release, "release"),
        Fact("paging", $"{PagingLevels} levels{(MemoryEncrypted ? ", memory encryption (C-bit)" : "")}", "pagingLevels"),
        Fact("KASLR offset", KaslrOffset is { Value: 0 } ? "0x0 (not randomised)" : KaslrOffset?.ToString(), "kaslrOffset"),
        Fact(ImageDistance.Name, ImageDistance.Value.ToString(), "physicalBase"),
        Fact("root table", Root.ToString(), "root"),
        Fact("page_offset_base", PageOffsetBase?.ToString(), "pageOffsetBase"),
        Fact("vmalloc_base", VmallocBase?.ToString(), "vmallocBase"),
        Fact("vmemmap_base", VmemmapBase?.ToString(), "vmemmapBase"),
        Fact("modules", ModulesBase?.ToString(), "modulesBase"),
    ];

    /// <summary>Asks a machine.</summary>
    public static InfoReport Of(Machine machine) => new InfoBuilder(machine).Build();

    private InfoFact Fact(string name, string? value, string key) => new(name, value, Provenance.TryGetValue(key, out IReadOnlyList<string>? told) ? told : []);
}
