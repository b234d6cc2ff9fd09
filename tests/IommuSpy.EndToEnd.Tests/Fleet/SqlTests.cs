using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace IommuSpy.EndToEnd.Tests.Fleet;

/// <summary>
/// Questions in SQL: every row of every table is that of the exported file, which other tests compare with the commands; and the examples are answered as
/// a DuckDB that reads those files answers them.
/// </summary>
public sealed partial class SqlTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Two of the small guests.</summary>
    public static TheoryData<string> Two => [.. Small.Take(2)];

    private static IEnumerable<string> Small => Guests.All.Where(guest => guest.Memory.Bytes < 1L << 30).Select(guest => guest.Name);

    private static string Image => Guests.Capture(Small.First()).RamFile;

    [Theory]
    [MemberData(nameof(Two))]
    public void Every_row_of_every_table_is_that_of_the_exported_file(string guest)
    {
        string image = Guests.Capture(guest).RamFile;
        Dictionary<string, string> files = Exported(image);
        Assert.True(files.Count >= 20, $"only {files.Count} tables");
        string query = string.Join(" UNION ALL ", files.Keys.Select(name => $"SELECT '{name}' AS name, to_json(t)::VARCHAR AS its FROM {name} t"));
        ILookup<string, string> rows = Ask(image, query).ToLookup(row => row.GetProperty("name").GetString()!, row => row.GetProperty("its").GetString()!);
        foreach ((string name, string file) in files)
        {
            LineComparison.Equal(["", .. DuckDb.Json(file)], ["", .. rows[name]]);
        }
    }

    [Fact]
    public void The_examples_are_answered_as_the_exported_files_are()
    {
        Dictionary<string, string> files = Exported(Image);
        string[] examples = [.. Cli.Run("sql", "--examples").Output.Split("\n\n").Select(example => example.Split('\n', 2)[1].TrimEnd())];
        Assert.Equal(20, examples.Length);
        foreach (string example in examples)
        {
            // A part that a function asks for is a condition on the file's rows.
            string other = PartAsked().Replace(example, part =>
                $"(SELECT * FROM {part.Groups["table"]} WHERE CAST({part.Groups["column"]} AS VARCHAR) GLOB '{part.Groups["value"].Value.Trim('\'')}')");
            string views = string.Join(", ", files.Select(file => $"{file.Key} AS (FROM read_parquet('{file.Value}', hive_partitioning = false))"));
            string[] expected = [.. DuckDb.Rows($"WITH {views} SELECT to_json(its)::VARCHAR FROM ({other}) AS its").Select(row => (string)row[0]!)];
            string[] ours = [.. Ask(Image, $"SELECT to_json(its)::VARCHAR AS its FROM ({example}) AS its").Select(row => row.GetProperty("its").GetString()!)];
            LineComparison.Equal(["", .. expected], ["", .. ours]);
            Cli.Outcome shown = Cli.Run("sql", example, "-s", Image);
            Assert.True(shown.ExitCode == 0, $"{example}: {shown.Error}");
            Assert.Equal(expected.Length, shown.Lines.Length - 1);
        }
    }

    [Fact]
    public void The_user_processes_are_those_of_the_guest()
    {
        Lab.Capture capture = Guests.Capture(Small.First());
        JsonElement[] ours = Ask(capture.RamFile, "SELECT pid FROM ps WHERE NOT kernelThread ORDER BY pid");
        Assert.Equal(capture.Processes.Select(process => process.Pid).Order(), ours.Select(row => row.GetProperty("pid").GetInt32()));
    }

    [Fact]
    public void Several_captures_are_told_apart_by_a_column()
    {
        string[] images = [.. Small.Take(3).Select(guest => Guests.Capture(guest).RamFile)];
        Exported(images[2], "--tables", "ps,modules");
        string[] sources = ["-s", images[0], "-s", Guests.Capture(Small.ElementAt(1)).ElfDump, "-s", _directory.FullName];
        Cli.Outcome outcome = Cli.Run(["sql", "SELECT source, count(*) AS tasks FROM ps JOIN captures USING (capture) GROUP BY source", "--jsonl", .. sources]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        Assert.Equal(
            images.Select(image => (long)Cli.Run("ps", "-s", image, "--jsonl").Lines.Length).Order(),
            outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("tasks").GetInt64()).Order());

        Cli.Outcome part = Cli.Run(["sql", "SELECT count(*) AS areas FROM vmas_2(pid := 1)", "--csv", .. sources]);
        Assert.Equal($"areas\n{Cli.Run("vmas", "1", "-s", images[1], "--jsonl").Lines.Length}\n", part.Output);

        Cli.Outcome twice = Cli.Run("sql", "SELECT 1", "-s", images[0], "-s", Guests.Capture(Small.First()).ElfDump);
        Assert.Equal(2, twice.ExitCode);
        Assert.Contains("named twice", twice.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("SELEC 1", "syntax error")]
    [InlineData("SELECT nothing FROM ps", "nothing")]
    [InlineData("SELECT * FROM vmas(pid := 'x')", "'x'")]
    [InlineData("SELECT 1; SELECT 2", "one question")]
    [InlineData("", "empty")]
    [InlineData("SELECT * FROM read_text('/etc/hostname')", "disabled by configuration")]
    [InlineData("COPY (SELECT 1) TO 'written.csv'", "disabled by configuration")]
    [InlineData("ATTACH 'written.db'", "disabled by configuration")]
    [InlineData("INSTALL httpfs", "disabled by configuration")]
    [InlineData("SET threads = 8", "locked")]
    [InlineData("SELECT list(CASE WHEN pid > 1 THEN pid END) AS pids FROM ps", "holds NULL")]
    [InlineData("SELECT sum(18446744073709551615::UBIGINT) AS it FROM ps", "64 bits")]
    public void What_makes_no_sense_or_leaves_the_captures_is_refused_in_one_line(string query, string words)
    {
        Cli.Outcome outcome = Cli.Run("sql", query, "-s", Image);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(words, Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.False(File.Exists("written.csv") || File.Exists("written.db"));
    }

    [Fact]
    public void A_question_that_takes_too_much_memory_ends_with_one_line()
    {
        Cli.Outcome outcome = Cli.Run("sql", "SELECT a.pfn FROM pages a, pages b ORDER BY a.pfn * b.pfn", "-s", Image);
        Assert.Equal((3, ""), (outcome.ExitCode, outcome.Output));
        Assert.Contains("takes more", Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_the_library_one_line_says_where_it_may_be()
    {
        ProcessStartInfo start = new(Cli.Program(), ["sql", "SELECT 1", "-s", Image]) { UseShellExecute = false, RedirectStandardError = true };
        start.Environment[Cli.DuckDb.Variable] = "/nowhere/libduckdb.so";
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(3, process.ExitCode);
        Assert.Contains("/nowhere/libduckdb.so", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_answer_is_written_as_Parquet_once()
    {
        string file = Path.Combine(_directory.FullName, "answer.parquet");
        string[] command = ["sql", "SELECT pid, comm, arguments, root FROM ps", "-s", Image, "--parquet", file];
        Assert.Equal((0, "", ""), Cli.Run(command) is var first ? (first.ExitCode, first.Output, first.Error) : default);
        Dictionary<string, string> files = Exported(Image, "--tables", "ps");
        Assert.Equal(
            DuckDb.Rows($"SELECT to_json(t)::VARCHAR FROM (SELECT pid, comm, arguments, root FROM read_parquet('{files["ps"]}')) t").Select(row => row[0]),
            DuckDb.Json(file));
        Assert.Equal(3, Cli.Run(command).ExitCode);
        Assert.Equal(0, Cli.Run([.. command, "--force"]).ExitCode);
    }

    [GeneratedRegex(@"(?<table>\w+)\((?<column>\w+) := (?<value>[^)]*)\)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex PartAsked();

    private static JsonElement[] Ask(string image, string query)
    {
        Cli.Outcome outcome = Cli.Run("sql", query, "-s", image, "--jsonl");
        Assert.True(outcome.ExitCode == 0, $"{query}: {outcome.Error}");
        return [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    // The exported files by the names that SQL has for their tables.
    private Dictionary<string, string> Exported(string image, params string[] more)
    {
        Cli.Outcome outcome = Cli.Run(["export", "-s", image, _directory.FullName, "-J", .. more]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        JsonElement report = JsonDocument.Parse(outcome.Output).RootElement;
        return report.GetProperty("tables").EnumerateArray().Where(table => table.GetProperty("file").GetString() is not null).ToDictionary(
            table => table.GetProperty("table").GetString()!.Replace('-', '_'),
            table => Path.Combine(report.GetProperty("folder").GetString()!, table.GetProperty("file").GetString()!));
    }
}
