using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Catalogue;

/// <summary>Every table that can be asked for.</summary>
internal static class AllTables
{
    /// <summary>All tables, by name.</summary>
    public static IReadOnlyList<Table> All =>
    [
        .. new Table[]
        {
            Buddy, Cache, CachePages, Columns, Compare, Devices, Disassembly, Doctor, DocumentedLayout, Exposure, Files, Find, Formats, Hidden, Hooks,
            Interrupts, IoMappings, Iommu, Layout, Log, MappingsTable.Leaves, MappingsTable.Runs, Memory, Modules, Mounts, Pagemap, Pages, Pci,
            Processes, ProcessReach, Reach, Resources, Roots, RunningPages, Slab, Sockets, Stack, Symbols, Tables, TranslationsTable.OfCpu,
            TranslationsTable.OfDevice, Types, Va2pa, VirtualMachines, Vmalloc, Vmas, Who,
        }.OrderBy(table => table.Name, StringComparer.Ordinal),
    ];

    public static BuddyTable Buddy => field ??= new();

    public static CacheTable Cache => field ??= new();

    public static CachePagesTable CachePages => field ??= new() { Command = "cache FILE" };

    public static CompareTable Compare => field ??= new() { Command = "compare A B" };

    public static DevicesTable Devices => field ??= new();

    public static DisassemblyTable Disassembly => field ??= new() { Command = "dis FUNCTION" };

    public static DoctorTable Doctor => field ??= new();

    public static DocumentedLayoutTable DocumentedLayout => field ??= new() { Command = "layout --documented" };

    public static ExposureTable Exposure => field ??= new();

    public static IommuTable Iommu => field ??= new();

    public static LayoutTable Layout => field ??= new();

    public static ProcessReachTable ProcessReach => field ??= new() { Command = "reach --pid N" };

    public static ReachTable Reach => field ??= new() { Command = "reach PAGE" };

    public static WhoTable Who => field ??= new() { Command = "who PAGE" };

    public static FilesTable Files => field ??= new();

    public static FindTable Find => field ??= new() { Command = "find PATTERN" };

    public static FormatsTable Formats => field ??= new();

    public static HiddenTable Hidden => field ??= new();

    public static HooksTable Hooks => field ??= new();

    public static InterruptsTable Interrupts => field ??= new();

    public static IoMappingsTable IoMappings => field ??= new() { Command = "maps --device BDF" };

    public static TypesTable Types => field ??= new();

    public static Va2paTable Va2pa => field ??= new() { Command = "va2pa PID ADDR" };

    public static LogTable Log => field ??= new();

    public static MemoryTable Memory => field ??= new();

    public static MountsTable Mounts => field ??= new();

    public static ModulesTable Modules => field ??= new();

    public static PciTable Pci => field ??= new();

    public static VirtualMachinesTable VirtualMachines => field ??= new();

    public static VmallocTable Vmalloc => field ??= new();

    public static TablesTable Tables => field ??= new();

    public static ColumnsTable Columns => field ??= new() { Command = "tables NAME" };

    public static PagemapTable Pagemap => field ??= new() { Command = "pagemap PID" };

    public static ResourcesTable Resources => field ??= new();

    public static RootsTable Roots => field ??= new();

    public static SlabTable Slab => field ??= new();

    public static SocketsTable Sockets => field ??= new();

    public static StackTable Stack => field ??= new();

    public static PagesTable Pages => field ??= new();

    public static RunningPagesTable RunningPages => field ??= new() { Command = "pages --live" };

    public static ProcessesTable Processes => field ??= new();

    public static SymbolsTable Symbols => field ??= new();

    public static VmasTable Vmas => field ??= new();
}
