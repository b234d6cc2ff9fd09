using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Catalogue;

/// <summary>Every table that can be asked for.</summary>
internal static class AllTables
{
    /// <summary>All tables, by name.</summary>
    public static IReadOnlyList<Table> All =>
    [
        Columns, Devices, Formats, Interrupts, MappingsTable.Leaves, MappingsTable.Runs, IoMappings, Modules, Pagemap, Pages, Pci, Processes, Resources,
        Roots, RunningPages, Slab, Symbols, Tables, TranslationsTable.OfCpu, TranslationsTable.OfDevice, Types, Va2pa, Vmalloc, Vmas,
    ];

    public static DevicesTable Devices { get; } = new();

    public static FormatsTable Formats { get; } = new();

    public static InterruptsTable Interrupts { get; } = new();

    public static IoMappingsTable IoMappings { get; } = new() { Command = "maps --device BDF" };

    public static TypesTable Types { get; } = new();

    public static Va2paTable Va2pa { get; } = new() { Command = "va2pa PID ADDR" };

    public static ModulesTable Modules { get; } = new();

    public static PciTable Pci { get; } = new();

    public static VmallocTable Vmalloc { get; } = new();

    public static TablesTable Tables { get; } = new();

    public static ColumnsTable Columns { get; } = new() { Command = "tables NAME" };

    public static PagemapTable Pagemap { get; } = new() { Command = "pagemap PID" };

    public static ResourcesTable Resources { get; } = new();

    public static RootsTable Roots { get; } = new();

    public static SlabTable Slab { get; } = new();

    public static PagesTable Pages { get; } = new();

    public static RunningPagesTable RunningPages { get; } = new() { Command = "pages --live" };

    public static ProcessesTable Processes { get; } = new();

    public static SymbolsTable Symbols { get; } = new();

    public static VmasTable Vmas { get; } = new();
}
