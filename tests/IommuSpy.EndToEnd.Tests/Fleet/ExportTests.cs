using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Fleet;

/// <summary>
/// What export writes, read by DuckDB: every row of every table as the table's own command answers it. One memory has one folder, whatever file it is in, and
/// what an interrupted run left is gone on with.
/// </summary>
public sealed class ExportTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Small guests: each kernel, with an IOMMU each.</summary>
    public static TheoryData<string> Small => [.. Guests.All.Where(guest => guest.Memory.Bytes < 1L << 30).Select(guest => guest.Name)];

    [Theory]
    [MemberData(nameof(Small))]
    public void Every_table_has_the_rows_of_its_command(string guest)
    {
        string image = Guests.Capture(guest).RamFile;
        JsonElement report = Export(image);
        string folder = report.GetProperty("folder").GetString()!;
        JsonElement[] tables = [.. report.GetProperty("tables").EnumerateArray()];
        Assert.True(tables.Length >= 26, $"only {tables.Length} tables");
        foreach (JsonElement table in tables)
        {
            string name = table.GetProperty("table").GetString()!;
            Assert.Equal(JsonValueKind.Null, table.GetProperty("failure").ValueKind);
            string[] expected = [.. Answer(image, name)];
            if (table.GetProperty("file").GetString() is not string file)
            {
                Assert.Empty(expected);
                continue;
            }

            string path = Path.Combine(folder, file);
            Assert.Equal(expected.Length, table.GetProperty("rows").GetInt64());
            Assert.Equal(new FileInfo(path).Length, table.GetProperty("bytes").GetInt64());
            Dictionary<string, string> metadata = DuckDb.Metadata(path);
            Assert.Equal(name, metadata["iommu-spy.table"]);
            Assert.Equal(report.GetProperty("capture").GetString(), metadata["iommu-spy.capture"]);
            HashSet<string> hexadecimal = Hexadecimal(JsonNode.Parse(metadata["iommu-spy.columns"])!.AsArray(), "");
            string[] found = [.. DuckDb.Json(path)];
            Assert.Equal(expected.Length, found.Length);
            for (int i = 0; i < expected.Length; i++)
            {
                string? difference = Difference(JsonNode.Parse(expected[i]), JsonNode.Parse(found[i]), "", hexadecimal);
                Assert.True(difference is null, $"{name}, row {i}, {difference}: {expected[i]} is not {found[i]}");
            }
        }
    }

    [Fact]
    public void Lines_and_csv_are_what_the_commands_write()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        foreach (string format in new[] { "jsonl", "csv" })
        {
            JsonElement report = Export(image, "--format", format, "--tables", "ps,vmas,modules,dmesg,slab");
            foreach (JsonElement table in report.GetProperty("tables").EnumerateArray())
            {
                string file = Path.Combine(report.GetProperty("folder").GetString()!, table.GetProperty("file").GetString()!);
                Assert.Equal(Cli.Run(table.GetProperty("table").GetString()!, "-s", image, $"--{format}").Output, File.ReadAllText(file));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void One_memory_is_one_capture_in_every_format(string guest)
    {
        Capture capture = Guests.Capture(guest);
        string dump = Path.Combine(_directory.FullName, "some.kdump");
        Cli.Outcome converted = Cli.Run("convert", capture.RamFile, dump, "--format", "kdump", "--exclude", "zero,free,user,cache");
        Assert.True(converted.ExitCode == 0, converted.Error);
        string[][] sources = [["-s", capture.RamFile], ["-s", capture.ElfDump], ["-s", capture.KdumpDump], ["-s", dump], ["-s", dump, "--types", "infer"]];
        string[] ids = [.. sources.Select(source =>
        {
            Cli.Outcome outcome = Cli.Run(["export", .. source, _directory.FullName, "--tables", "resources", "-J"]);
            Assert.True(outcome.ExitCode == 0, outcome.Error);
            return JsonDocument.Parse(outcome.Output).RootElement.GetProperty("capture").GetString()!;
        })];
        Assert.Single(ids.Distinct());
        Assert.Matches("^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{16}$", ids[0]);
    }

    [Fact]
    public void Captures_of_different_boots_differ_and_those_of_one_kernel_begin_alike()
    {
        string[] ids = [.. Guests.All.Select(guest => Export(Guests.Capture(guest.Name).RamFile, "--tables", "resources").GetProperty("capture").GetString()!)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        foreach ((CaptureSpec one, string its) in Guests.All.Zip(ids))
        {
            foreach ((CaptureSpec other, string another) in Guests.All.Zip(ids))
            {
                Assert.Equal(Build(one) == Build(other), its[..8] == another[..8]);
            }
        }

        string Build(CaptureSpec guest) => GuestMachine.Open(guest.Name, "ram.raw").Kernel.Facts.Banner.Value;
    }

    [Fact]
    public void An_export_that_was_interrupted_is_gone_on_with()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        using (Process process = Process.Start(new ProcessStartInfo(Cli.Program(), ["export", "-s", image, _directory.FullName])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!)
        {
            while (!process.HasExited && Files("pages.parquet").Length == 0 && Files("leaves.parquet").Length == 0)
            {
                Thread.Sleep(5);
            }

            process.Kill();
            process.WaitForExit();
        }

        // What has its name is whole, whenever that was.
        Dictionary<string, DateTime> left = Files("*.parquet").ToDictionary(file => file, File.GetLastWriteTimeUtc);
        Assert.NotEmpty(left);
        Assert.All(left.Keys, file => Assert.NotEmpty(DuckDb.Rows($"SELECT count(*) FROM read_parquet('{file}')")));
        JsonElement record = JsonDocument.Parse(File.ReadAllBytes(Files("capture.json").Single())).RootElement;
        string[] recorded = [.. record.GetProperty("tables").EnumerateArray().Select(table => table.GetProperty("table").GetString()!)];
        JsonElement report = Export(image);
        Assert.Equal(recorded.Order(), report.GetProperty("kept").EnumerateArray().Select(name => name.GetString()!).Order());
        foreach ((string file, DateTime time) in left.Where(file => recorded.Contains(Path.GetFileNameWithoutExtension(file.Key))))
        {
            Assert.Equal(time, File.GetLastWriteTimeUtc(file));
        }

        // One that has changed since is written anew, and all are where they are asked for.
        File.AppendAllText(Files("ps.parquet").Single(), "x");
        Assert.DoesNotContain("ps", Export(image).GetProperty("kept").EnumerateArray().Select(name => name.GetString()));
        Assert.Empty(Export(image, "--force", "--tables", "ps,slab").GetProperty("kept").EnumerateArray());
    }

    [Fact]
    public void Numbers_beyond_the_signed_ones_are_found_by_their_bounds()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        string folder = Export(image, "--tables", "symbols,leaves,pages").GetProperty("folder").GetString()!;
        ulong stext = GuestMachine.Open(Guests.All[0].Name, "ram.raw").Symbols!.First(symbol => symbol.Name == "_stext").Address.Value;
        string address = stext.ToString(CultureInfo.InvariantCulture);
        long expected = Answer(image, "symbols").Count(line => Convert.ToUInt64(JsonNode.Parse(line)!["virtual"]!.GetValue<string>(), 16) >= stext);
        Assert.Equal(expected, DuckDb.Rows($"SELECT count(*) FROM '{folder}/symbols.parquet' WHERE virtual >= {address}::UBIGINT").Single()[0]);
        Assert.Equal((object)1L, DuckDb.Rows($"SELECT count(*) FROM '{folder}/symbols.parquet' WHERE virtual = {address}::UBIGINT AND name = '_stext'")
            .Single()[0]);
        Assert.All(DuckDb.Rows(
            $"SELECT stats_min_value IS NOT NULL AND stats_max_value::UBIGINT >= stats_min_value::UBIGINT FROM parquet_metadata('{folder}/pages.parquet') "
                + "WHERE path_in_schema = 'pfn'"), row => Assert.Equal(true, row[0]));
    }

    [Theory]
    [InlineData("--tables", "pags", "did you mean pages?")]
    [InlineData("--tables", "pagemap", "pagemap PID")]
    [InlineData("--tables", "doctor", "no table of a machine's memory")]
    [InlineData("--tables", ",", "which?")]
    [InlineData("--format", "xml", "xml")]
    public void What_makes_no_sense_is_refused(string option, string value, string words)
    {
        Cli.Outcome outcome = Cli.Run("export", "-s", Guests.Capture(Guests.All[0].Name).RamFile, _directory.FullName, option, value);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
        Assert.Empty(_directory.GetFileSystemInfos());
    }

    [Fact]
    public void A_folder_that_cannot_be_one_is_one_line()
    {
        string file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "x");
        Cli.Outcome outcome = Cli.Run("export", "-s", Guests.Capture(Guests.All[0].Name).RamFile, file, "--tables", "ps");
        Assert.Equal(3, outcome.ExitCode);
        Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private string[] Files(string pattern) => Directory.GetFiles(_directory.FullName, pattern, SearchOption.AllDirectories);

    private JsonElement Export(string image, params string[] more)
    {
        Cli.Outcome outcome = Cli.Run(["export", "-s", image, _directory.FullName, "-J", .. more]);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return JsonDocument.Parse(outcome.Output).RootElement;
    }

    // What a table's command answers, a line a row.
    private static IEnumerable<string> Answer(string image, string table)
    {
        if (table == "maps-iova")
        {
            return Answer(image, "devices").Select(line => JsonNode.Parse(line)!).Where(device => device["mode"]!.GetValue<string>() == "translated")
                .SelectMany(device => Lines("maps", "-s", image, "--device", device["device"]!.GetValue<string>(), "--jsonl"));
        }

        return Lines([.. table == "leaves" ? ["maps", "--leaves"] : new[] { table }, "-s", image, "--jsonl"]);
    }

    // None where there is no answer.
    private static string[] Lines(params string[] command) => Cli.Run(command) is { ExitCode: 0 } outcome ? outcome.Lines : [];

    // The columns that are numbers in Parquet and texts in JSON.
    private static HashSet<string> Hexadecimal(JsonArray columns, string within) =>
    [
        .. columns.Select(column => column!).SelectMany(column => column["type"]!.GetValue<string>() switch
        {
            "address" or "hex" => [$"{within}/{column["name"]}"],
            "records" => Hexadecimal(column["inner"]!.AsArray(), $"{within}/{column["name"]}"),
            _ => Enumerable.Empty<string>(),
        }),
    ];

    // Where two values differ; null where they do not.
    private static string? Difference(JsonNode? expected, JsonNode? found, string place, HashSet<string> hexadecimal)
    {
        switch (expected, found)
        {
            case (JsonObject one, JsonObject other):
                return one.Count != other.Count ? $"members of {place}"
                    : one.Select(member => Difference(member.Value, other[member.Key], $"{place}/{member.Key}", hexadecimal))
                        .FirstOrDefault(at => at is not null);
            case (JsonArray one, JsonArray other):
                return one.Count != other.Count ? $"length of {place}"
                    : one.Zip(other, (a, b) => Difference(a, b, place, hexadecimal)).FirstOrDefault(at => at is not null);
            case (JsonValue one, JsonValue other):
                bool same = hexadecimal.Contains(place) ? Convert.ToUInt64(one.GetValue<string>(), 16) == other.GetValue<ulong>()
                    : one.GetValueKind() == other.GetValueKind() && (one.GetValueKind() == JsonValueKind.Number
                        ? one.ToJsonString() == other.ToJsonString() || one.GetValue<double>() == other.GetValue<double>()
                        : one.ToString() == other.ToString());
                return same ? null : place;
            default:
                return expected is null && found is null ? null : place;
        }
    }
}
