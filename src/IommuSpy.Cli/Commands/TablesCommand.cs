using System.CommandLine;
using IommuSpy.Catalogue;
using IommuSpy.Catalogue.Tables;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy tables: what can be asked for as a table, and what its columns mean.</summary>
internal static class TablesCommand
{
    public static Command Build()
    {
        Argument<string?> name = new("NAME")
        {
            Description = "One table, with its columns. Without it, all, a line each.",
            HelpName = "NAME",
            Arity = ArgumentArity.ZeroOrOne,
        };
        name.CompletionSources.Add([.. AllTables.All.Select(table => table.Name)]);
        Option<bool> markdown = new("--markdown") { Description = "All of them as docs/tables.md." };
        Command command = new(
            "tables",
            "The tables that commands answer with, and their columns: what --columns, --where and --sort take.\n\nExamples: iommu-spy tables\n          "
                + "iommu-spy tables ps\n          iommu-spy tables ps --csv")
        {
            name,
            markdown,
        };
        TableOptions output = new(command, AllTables.Columns, AllTables.Tables);
        command.SetAction(result =>
        {
            if (result.GetValue(markdown))
            {
                using StreamWriter writer = Output.Text();
                TablesPage.Write(writer);
                return ExitCode.Done;
            }

            if (result.GetValue(name) is not string wanted)
            {
                output.Answer(result, AllTables.Tables, new Question());
                return ExitCode.Done;
            }

            Table table = AllTables.All.FirstOrDefault(table => table.Name == wanted)
                ?? throw new UsageException($"there is no table '{wanted}'{Spelling.Suggestion(wanted, AllTables.All.Select(table => table.Name))}");
            output.Answer(result, AllTables.Columns, new Question().With(ColumnsTable.Of, table));
            return ExitCode.Done;
        });
        return command;
    }
}
