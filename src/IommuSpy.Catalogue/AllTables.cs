using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Catalogue;

/// <summary>Every table that can be asked for.</summary>
internal static class AllTables
{
    public static PagesTable Pages { get; } = new();

    public static RunningPagesTable RunningPages { get; } = new() { Command = "pages --live" };

    public static ProcessesTable Processes { get; } = new();

    public static SymbolsTable Symbols { get; } = new();

    public static VmasTable Vmas { get; } = new();
}
