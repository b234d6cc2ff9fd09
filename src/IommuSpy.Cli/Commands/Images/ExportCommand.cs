using System.CommandLine;
using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Json;
using IommuSpy.Cli.Text;
using IommuSpy.Export;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy export: tables as files.</summary>
internal static class ExportCommand
{
    public static Command Build()
    {
        Argument<string> directory = new("DIR") { Description = "The folder; it is made where there is none." };
        Option<string?> tables = new("--tables")
        {
            Description = "Only these tables; without it, every one that needs nothing but a machine. Which there are: iommu-spy tables.",
            HelpName = "TABLE,...",
        };
        tables.CompletionSources.Add([.. TableExporter.Tables.Select(table => table.Name)]);
        Option<string> format = new("--format") { Description = "parquet, csv or jsonl.", HelpName = "FORMAT", DefaultValueFactory = _ => "parquet" };
        format.TakesOnly("parquet", "csv", "jsonl");
        Option<bool> force = new("--force") { Description = "Tables too that an earlier run has finished." };
        Command command = new(
            "export",
            "Writes tables as files, readable by you alone: DIR/capture=ID/TABLE.parquet. ID is the kernel's build, its boot and the moment, the same for one "
                + "memory in every format; DIR may hold a fleet's. capture.json beside them says what machine it is and what became of each table. What an "
                + "earlier run has finished is kept, so that running it again goes on. Exit 0: every table is there, or is recorded as one that this machine "
                + "has no answer for; 1: none is there, or one that --tables names has no answer; 3: something failed, and running it again may help.\n\n"
                + "Examples: iommu-spy export -s dump.elf tables\n          iommu-spy export -s dump.elf tables --tables ps,vmas,pages --format csv\n          "
                + "duckdb -c \"SELECT kind, count(*) FROM 'tables/*/pages.parquet' GROUP BY kind\"")
        {
            directory,
            tables,
            format,
            force,
        };
        SourceOptions source = new(command);
        OutputOptions output = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with { Fills = result.GetValue(directory) });
        command.SetAction(result =>
        {
            IReadOnlyList<Table> wanted = result.GetValue(tables) is string names ? Named(names) : TableExporter.Tables;
            using Machine machine = source.OpenMachine(result);
            Progress progress = new("exporting");
            TableExporter exporter = new(machine, result.GetRequiredValue(directory), Words<ExportFormat>.Parse(result.GetValue(format)!)!.Value,
                stream => new LineWriter(stream))
            {
                Progress = (table, number, all, rows) => progress.Show(string.Create(CultureInfo.InvariantCulture,
                    $"{table}, table {number + 1} of {all}{(rows > 0 ? $": {rows:n0} rows" : "")}")),
            };
            ExportReport report = exporter.Run(wanted, result.GetValue(force));
            progress.Clear();
            Reports.Write(result, output.Form(result), report, ReportJson.Default.ExportReport, ExportText.Write);
            TableRecord[] absent = [.. report.Tables.Where(table => table.Absence is not null)];
            return report.Tables.Any(table => table.Failure is not null) ? ExitCode.Source
                : absent.Length == report.Tables.Count || (absent.Length > 0 && result.GetValue(tables) is not null) ? ExitCode.NoAnswer
                : ExitCode.Done;
        });
        return command;
    }

    private static Table[] Named(string list)
    {
        string[] names = list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.Length == 0 ? throw new UsageException("--tables: which? iommu-spy tables lists them")
            : [.. names.Distinct(StringComparer.Ordinal).Select(Find)];
    }

    private static Table Find(string name) => AllTables.All.FirstOrDefault(table => table.Name == name) switch
    {
        { Subject: TableSubject.Machine } table => table,
        { Subject: TableSubject.Part } part => throw new UsageException($"--tables {name}: it is a table of something that has to be named: {part.Command}"),
        { } other => throw new UsageException($"--tables {name}: it is no table of a machine's memory: {other.Command}"),
        null => throw new UsageException(
            $"--tables: there is no table '{name}'{Spelling.Suggestion(name, TableExporter.Tables.Select(table => table.Name))} (see iommu-spy tables)"),
    };
}
