using System.CommandLine;
using IommuSpy.Analysis;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Text;
using IommuSpy.Export.Parquet;
using IommuSpy.Memory.Writing;
using IommuSpy.Sql;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy sql: every table, asked in SQL.</summary>
internal static class SqlCommand
{
    public static Command Build()
    {
        Argument<string?> query = new("QUERY") { Description = "The question.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> parquet = new("--parquet") { Description = "Write the answer as Parquet to this file, instead of showing it.", HelpName = "FILE" };
        Option<bool> force = new("--force") { Description = "Replace the file of --parquet where it is there." };
        Option<bool> examples = new("--examples") { Description = "Questions to begin with, instead of an answer." };
        Command command = new(
            "sql",
            "Every table, asked in SQL (DuckDB's: duckdb.org/docs/sql). A table has the name that `tables` lists, with _ for -; its rows are looked for when a "
                + "question reads them, and only the columns that it reads. Where a table can be asked for a part, a function does, in brackets: "
                + "vmas(pid := 1), symbols(name := 'sys_*'), who(physical := '0x1000000'). -s more than once, or with a folder that export has filled, asks "
                + "several captures: then each row has its capture, captures lists them, and the functions are numbered, vmas_1, vmas_2. Unsigned numbers "
                + "are shown in hexadecimal where their column has the name of an address. Nothing is written, and no file is read but those of -s. "
                + "DuckDB's library is no part of this program: libduckdb.so is taken from beside it, from where libraries are, or from "
                + $"${DuckDbLibrary.Variable}."
                + "\n\nExamples: iommu-spy sql \"SELECT kind, count(*) AS pages FROM pages GROUP BY kind ORDER BY pages DESC\" -s dump.elf\n"
                + "          iommu-spy sql \"SELECT capture, count(*) FROM ps GROUP BY capture\" -s a.elf -s b.elf -s exported/\n"
                + "          iommu-spy sql --examples")
        {
            query,
            parquet,
            force,
            examples,
        };
        SourceOptions source = new(command);
        TableOptions output = new(command);
        CommandNeeds.Declare(command, result => result.GetValue(examples) ? new([]) : source.NeedsOf(result) with
        {
            Writes = result.GetValue(parquet) is string file ? CommandNeeds.FoldersOf(file) : [],
        });
        command.SetAction(result =>
        {
            if (result.GetValue(examples))
            {
                using StreamWriter writer = Output.Text();
                SqlText.Write(writer, SqlExamples.All);
                return ExitCode.Done;
            }

            string question = result.GetValue(query) ?? throw new UsageException("sql: ask something (see iommu-spy sql --examples)");
            IReadOnlyList<string> paths = source.Paths(result);
            if (result.GetValue(parquet) is string path)
            {
                NewFile.Refuse(path, paths, result.GetValue(force));
            }

            using SqlSession session = new();
            List<Machine> machines = [];
            try
            {
                foreach (string one in paths)
                {
                    if (Directory.Exists(one))
                    {
                        session.AddFolder(one);
                    }
                    else
                    {
                        machines.Add(source.OpenMachine(result, [one]));
                        session.Add(one, machines[^1]);
                    }
                }

                session.Begin();
                using SqlAnswer answer = session.Ask(question);
                if (result.GetValue(parquet) is string file)
                {
                    Write(file, answer, paths, result.GetValue(force));
                }
                else
                {
                    output.Answer(result, answer, new Question());
                }
            }
            finally
            {
                machines.ForEach(machine => machine.Dispose());
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(string file, SqlAnswer answer, IReadOnlyList<string> sources, bool force)
    {
        Question question = new();
        NewFile.Write(file, sources, force, stream =>
        {
            using ParquetRows<Cell[]> rows = new(stream, answer, () => []);
            answer.Rows(question, rows.Add);
            rows.Complete();
        });
        Output.Problems(question.Problems);
    }
}
