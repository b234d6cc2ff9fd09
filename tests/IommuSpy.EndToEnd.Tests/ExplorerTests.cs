using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The explorer as a browser sees it, and the report, against what the command line says of the same guest.</summary>
public sealed class ExplorerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly string Guest = Guests.All.First(guest => guest.Memory.Bytes < 1L << 30).Name;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private static string Image => Guests.Capture(Guest).RamFile;

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task The_map_says_of_every_page_what_pages_says()
    {
        Dictionary<ulong, string> expected = [];
        foreach (string line in Cli.Run("pages", "-s", Image, "--jsonl", "--columns", "pfn,kind").Lines)
        {
            JsonElement row = JsonElement.Parse(line);
            expected[ulong.Parse(row.GetProperty("pfn").GetString()![2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture)] =
                row.GetProperty("kind").GetString()!;
        }

        using Served served = await Served.Start(Image);
        JsonElement map = await served.Ask("api/map");
        string[] kinds = [.. map.GetProperty("kinds").EnumerateArray().Select(kind => kind.GetProperty("kind").GetString()!)];
        ulong frames = map.GetProperty("frames").GetUInt64();
        Assert.True(frames > expected.Keys.Max());
        const int Cells = 1 << 16;
        int compared = 0;
        for (ulong first = 0; first < frames; first += Cells)
        {
            byte[] tile = await served.Bytes($"api/map/tile?first={first}&cells={Cells}");
            for (int cell = 0; cell < Cells; cell++)
            {
                Assert.Equal(expected.GetValueOrDefault(first + (ulong)cell, "none"), kinds[tile[cell]]);
                compared += tile[cell] != 0 ? 1 : 0;
            }
        }

        Assert.Equal(expected.Count(page => page.Value != "none"), compared);
    }

    [Fact]
    public async Task What_devices_can_write_on_the_map_is_what_reach_says()
    {
        using Served served = await Served.Start(Image);
        const int Cells = 1 << 14;
        byte[] tile = await served.Bytes($"api/map/tile?first=0&cells={Cells}");
        Random random = new(16);
        int[] frames = [.. Enumerable.Range(0, 24).Select(_ => random.Next(Cells))];
        Cli.Outcome told = Cli.Run(["reach", "-s", Image, "-J", .. frames.Select(frame => $"pfn:0x{frame:x}")]);
        JsonElement[] answers = [.. JsonElement.Parse(told.Output).GetProperty("answers").EnumerateArray()];
        Assert.Equal(frames.Length, answers.Length);
        foreach ((int frame, JsonElement reach) in frames.Zip(answers))
        {
            bool writes = reach.GetProperty("devices").EnumerateArray().Any(reacher => reacher.GetProperty("rights").GetString()!.Contains('w'));
            Assert.Equal(writes || reach.GetProperty("unrestricted").GetArrayLength() > 0, (tile[Cells + frame] & 2) != 0);
        }
    }

    [Fact]
    public async Task A_device_s_band_has_what_its_tables_map_and_the_topology_every_device_and_finding()
    {
        using Served served = await Served.Start(Image);
        JsonElement[] devices = [.. Cli.Run("devices", "-s", Image, "--jsonl").Lines.Select(line => JsonElement.Parse(line))];
        Assert.NotEmpty(devices);
        foreach (JsonElement device in devices)
        {
            string name = device.GetProperty("device").GetString()!;
            JsonElement space = Assert.Single((await served.Ask($"api/iova?device={name}")).GetProperty("spaces").EnumerateArray());
            Assert.Equal(device.GetProperty("mappedBytes").GetUInt64(), space.GetProperty("mappedBytes").GetUInt64());
            Assert.Equal(device.GetProperty("root").GetString(), space.GetProperty("root").GetString());
            (ulong Start, ulong End, string Rights)[] stretches = [.. space.GetProperty("stretches").EnumerateArray().Select(stretch =>
                (Hex(stretch.GetProperty("iova")), Hex(stretch.GetProperty("end")), stretch.GetProperty("rights").GetString()!))];
            Assert.Equal(space.GetProperty("mappedBytes").GetUInt64(), space.GetProperty("stretches").EnumerateArray()
                .Aggregate(0UL, (sum, stretch) => sum + stretch.GetProperty("bytes").GetUInt64()));
            Cli.Outcome maps = Cli.Run("maps", "--device", name, "-s", Image, "--jsonl");
            Assert.Equal(stretches.Length == 0, maps.ExitCode == 1);
            foreach (string line in stretches.Length == 0 ? [] : maps.Lines)
            {
                JsonElement run = JsonElement.Parse(line);
                ulong start = Hex(run.GetProperty("iova"));
                Assert.Contains(stretches, stretch => stretch.Start <= start && start + run.GetProperty("bytes").GetUInt64() <= stretch.End
                    && (stretch.Rights.Contains('w', StringComparison.Ordinal) || !run.GetProperty("rights").GetString()!.Contains('w')));
            }
        }

        string page = await served.Shown("#/topology");
        Assert.All(devices, device => Assert.Contains($"#/device/{Uri.EscapeDataString(device.GetProperty("device").GetString()!)}\"", page,
            StringComparison.Ordinal));
        JsonElement[] findings = [.. JsonElement.Parse(Cli.Run("exposure", "-s", Image, "-J").Output).GetProperty("findings").EnumerateArray()];
        int pins = findings.Sum(finding => Math.Max(1, finding.GetProperty("devices").GetArrayLength()));
        Assert.Equal(pins, page.Split("class=\"pin ").Length - 1);
    }

    [Fact]
    public async Task The_treemap_s_areas_are_as_large_as_what_the_table_memory_says()
    {
        using Served served = await Served.Start(Image);
        Dictionary<string, ulong> expected = [];
        Dictionary<string, ulong> parts = [];
        foreach (string line in Cli.Run("memory", "--files", "-s", Image, "--jsonl").Lines)
        {
            JsonElement row = JsonElement.Parse(line);
            string kind = row.GetProperty("kind").GetString()!;
            expected[kind] = expected.GetValueOrDefault(kind) + row.GetProperty("bytes").GetUInt64();
            string part = $"{kind}: {row.GetProperty("part").GetString()}";
            parts[part] = parts.GetValueOrDefault(part) + row.GetProperty("bytes").GetUInt64();
        }

        JsonElement[] kinds = [.. (await served.Ask("api/treemap?width=2000&height=1000")).GetProperty("kinds").EnumerateArray()];
        Assert.Equal(expected, kinds.ToDictionary(kind => kind.GetProperty("kind").GetString()!, kind => kind.GetProperty("bytes").GetUInt64()));
        double all = expected.Values.Aggregate(0.0, (sum, bytes) => sum + bytes);
        foreach (JsonElement kind in kinds)
        {
            double[] box = [.. kind.GetProperty("box").EnumerateArray().Select(value => value.GetDouble())];
            double rounding = 1 + (0.1 * (box[2] + box[3]));
            Assert.InRange(box[2] * box[3] - (kind.GetProperty("bytes").GetUInt64() / all * 2000 * 1000), -rounding, rounding);
            string name = kind.GetProperty("kind").GetString()!;
            JsonElement[] its = [.. kind.GetProperty("parts").EnumerateArray()];
            Assert.True(its.Length == 0
                || kind.GetProperty("bytes").GetUInt64() == its.Aggregate(0UL, (sum, part) => sum + part.GetProperty("bytes").GetUInt64()));
            Assert.All(its.Where(part => name != "anonymous" && part.GetProperty("others").GetInt32() == 0),
                part => Assert.Equal(parts[$"{name}: {part.GetProperty("part").GetString()}"], part.GetProperty("bytes").GetUInt64()));
        }

        string page = await served.Shown("#/treemap");
        Assert.Contains($"{Size.Text(expected.Values.Aggregate(0UL, (sum, bytes) => sum + bytes))} in all", page, StringComparison.Ordinal);
        Assert.All(kinds, kind => Assert.Contains($" {Size.Text(kind.GetProperty("bytes").GetUInt64())}, on the map\"", page, StringComparison.Ordinal));
        JsonElement pages = await served.Ask("api/table/pages?where=kind%3Danonymous&limit=1000&columns=owner");
        string owner = pages.GetProperty("rows")[0].GetProperty("owner").GetString()!;
        Assert.Contains(kinds.Single(kind => kind.GetProperty("kind").GetString() == "anonymous").GetProperty("parts").EnumerateArray(),
            part => part.GetProperty("part").GetString() == owner);
    }

    [Fact]
    public async Task A_question_in_sql_is_answered_as_the_command_does_and_can_neither_read_nor_write_nor_stay()
    {
        const string Question = "SELECT pid, comm, start, \"end\", rights FROM vmas ORDER BY pid, start";
        using Served served = await Served.Start(Image);
        string[] expected = [.. Cli.Run("sql", Question, "-s", Image, "--jsonl").Lines];
        List<string> rows = [];
        for (bool more = true; more;)
        {
            JsonElement page = await served.Ask($"api/report/sql?query={Uri.EscapeDataString(Question)}&limit=50&offset={rows.Count}");
            rows.AddRange(page.GetProperty("rows").EnumerateArray().Select(row => row.GetRawText()));
            more = page.GetProperty("more").GetBoolean();
        }

        Assert.Equal(expected, rows);
        string written = Path.Combine(_directory.FullName, "written.csv");
        Assert.StartsWith("400 Permission Error: Cannot access file", await served.Refused("api/report/sql?query=" +
            Uri.EscapeDataString($"COPY (SELECT 1) TO '{written}'")), StringComparison.Ordinal);
        Assert.False(File.Exists(written));
        Assert.StartsWith("400 Permission Error: Cannot access file", await served.Refused("api/report/sql?query=" +
            Uri.EscapeDataString("SELECT * FROM read_text('/etc/hostname')")), StringComparison.Ordinal);
        Assert.StartsWith("400 ", await served.Refused("api/report/sql?query=SELECT"), StringComparison.Ordinal);

        // What a question drops is there for the next; one that nobody waits for any more keeps no other waiting.
        await served.Ask("api/report/sql?query=DROP%20VIEW%20ps");
        using (CancellationTokenSource soon = new(TimeSpan.FromSeconds(1)))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
                served.Until("api/report/sql?query=SELECT%20sum(range)%20FROM%20range(1000000000000)", soon.Token));
        }

        JsonElement count = (await served.Ask("api/report/sql?query=SELECT%20count(*)%20AS%20n%20FROM%20ps")).GetProperty("rows")[0].GetProperty("n");
        Assert.Equal(Cli.Run("ps", "-s", Image, "--jsonl").Lines.Length, count.GetInt32());
        string shown = await served.Shown($"#/sql?query={Uri.EscapeDataString(Question)}");
        JsonElement first = JsonElement.Parse(expected[0]);
        Assert.Contains($"explain?at={first.GetProperty("start").GetString()}&amp;pid={first.GetProperty("pid").GetInt32()}\"", shown,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_duckdb_s_library_the_page_says_so_in_a_line()
    {
        using Served served = await Served.StartWith(Cli.DuckDb.Variable, "/nowhere/libduckdb.so", Image);
        string page = await served.Shown("#/sql");
        Assert.Contains("IOMMU_SPY_DUCKDB names /nowhere/libduckdb.so, which cannot be loaded", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<textarea", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_virtual_map_has_every_region_and_every_area_of_a_process()
    {
        using Served served = await Served.Start(Image);
        JsonElement process = Cli.Run("ps", "-s", Image, "--jsonl", "--sort", "residentPages:desc").Lines.Select(line => JsonElement.Parse(line)).First();
        int pid = process.GetProperty("pid").GetInt32();
        string page = await served.Shown($"#/virtual?pid={pid}");
        JsonElement[] areas = [.. Cli.Run("vmas", $"{pid}", "-s", Image, "--jsonl").Lines.Select(line => JsonElement.Parse(line))];
        Assert.NotEmpty(areas);
        foreach (JsonElement area in areas)
        {
            string start = area.GetProperty("start").GetString()!;
            Assert.Contains($"explain?at={start}&amp;pid={pid}\"", page, StringComparison.Ordinal);
            Assert.Contains($"{Size.Text(Hex(area.GetProperty("end")) - Hex(area.GetProperty("start")))}</span>", page, StringComparison.Ordinal);
        }

        Assert.Equal(areas.Count(area => area.GetProperty("rights").GetString()!.Contains("wx", StringComparison.Ordinal)), page.Split(">W+X ").Length - 1);
        foreach (JsonElement region in Cli.Run("layout", "-s", Image, "--jsonl").Lines.Select(line => JsonElement.Parse(line)))
        {
            string name = region.GetProperty("name").GetString()!;
            Assert.Contains(name is "hole" or "non-canonical" ? $"<span>{name}, " : $"<b>{name}</b>", page, StringComparison.Ordinal);
            Assert.All(region.GetProperty("byRights").EnumerateArray(), rights => Assert.Contains(
                $"<span>{rights.GetProperty("rights").GetString()![^3..]} {Size.Text(rights.GetProperty("bytes").GetUInt64())}</span>", page,
                StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_browser_shows_what_the_command_line_says_and_a_hostile_name_does_nothing()
    {
        string copy = Path.Combine(_directory.FullName, "named.raw");
        File.Copy(Image, copy);
        const string Hostile = "<b onclick=x>"; // 15 bytes are all that a name may have
        Machine machine = GuestMachine.Open(Guest, "ram.raw");
        Field comm = machine.Parts.Objects.Required.Types.Struct("task_struct").Field("comm");
        Linux.Tasks.KernelTask renamed = machine.Parts.Tasks.Required.Processes.Last(task => task.Root is not null);
        using (FileStream file = File.OpenWrite(copy))
        {
            Assert.True(machine.Kernel.Space.TryTranslate(renamed.Address + comm.Offset, out PhysicalAddress at));
            file.Position = (long)at.Value;
            file.Write(Encoding.ASCII.GetBytes(Hostile + "\0"));
        }

        using Served served = await Served.Start(copy);
        string explained = await served.Shown("#/explain?at=init_task");
        JsonElement expected = JsonElement.Parse(Cli.Run("explain", "-s", copy, "init_task", "-J").Output).GetProperty("answers")[0];
        Assert.Contains(expected.GetProperty("virtual").GetString()!, explained, StringComparison.Ordinal);
        Assert.Contains(expected.GetProperty("physical").GetString()!, explained, StringComparison.Ordinal);
        foreach (JsonElement step in expected.GetProperty("walk").GetProperty("steps").EnumerateArray())
        {
            Assert.Contains(step.GetProperty("entryAddress").GetString()!, explained, StringComparison.Ordinal);
        }

        string processes = await served.Shown("#/table/ps?sort=residentPages%3Adesc");
        Assert.Contains("&lt;b onclick=x&gt;", processes, StringComparison.Ordinal);
        Assert.DoesNotContain("<b onclick", processes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_tells_the_sum_of_memory_and_every_finding_and_process()
    {
        string page = Path.Combine(_directory.FullName, "report.html");
        Cli.Outcome written = Cli.Run("report", "-s", Image, page, "-J");
        Assert.Equal(0, written.ExitCode);
        JsonElement told = JsonElement.Parse(written.Output);
        Assert.Equal(new FileInfo(page).Length, told.GetProperty("bytes").GetInt64());
        Assert.InRange(new FileInfo(page).Length, 10 << 10, 2 << 20);
        string text = System.Net.WebUtility.HtmlDecode(File.ReadAllText(page));
        JsonElement[] findings = [.. JsonElement.Parse(Cli.Run("exposure", "-s", Image, "-J").Output).GetProperty("findings").EnumerateArray()];
        Assert.Equal(findings.Length, told.GetProperty("findings").GetInt32());
        Assert.All(findings, finding => Assert.Contains(finding.GetProperty("message").GetString()!, text, StringComparison.Ordinal));
        ulong bytes = 0;
        foreach (string line in Cli.Run("memory", "-s", Image, "--jsonl").Lines)
        {
            bytes += JsonElement.Parse(line).GetProperty("bytes").GetUInt64();
        }

        Assert.Contains($"{Size.Text(bytes)} in all", text, StringComparison.Ordinal);
        Assert.Equal(3, Cli.Run("report", "-s", Image, page).ExitCode);
        Assert.Equal(3, Cli.Run("report", "-s", Image, Image + "/x.html").ExitCode);
        Assert.Equal(2, Cli.Run("report", "-s", Image, "report.pdf").ExitCode);

        string redacted = Path.Combine(_directory.FullName, "redacted.md");
        Assert.Equal(0, Cli.Run("report", "-s", Image, redacted, "--redact").ExitCode);
        string without = File.ReadAllText(redacted);
        Assert.All(Cli.Run("ps", "-s", Image, "--jsonl").Lines.SelectMany(line => JsonElement.Parse(line).GetProperty("arguments").EnumerateArray())
            .Select(word => word.GetString()!).Where(word => word.Contains('/')), word => Assert.DoesNotContain(word, without, StringComparison.Ordinal));
    }

    private static ulong Hex(JsonElement text) => ulong.Parse(text.GetString()!.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The program as it serves, until this is disposed of.</summary>
    private sealed class Served(Process process, Uri address) : IDisposable
    {
        private readonly HttpClient _client = new() { Timeout = Patience };

        public static Task<Served> Start(string image) => Of(Cli.Process("serve", "-s", image));

        public static Task<Served> StartWith(string variable, string value, string image) => Of(Cli.ProcessWith(variable, value, "serve", "-s", image));

        private static async Task<Served> Of(Process process)
        {
            CancellationToken cancelled = TestContext.Current.CancellationToken;
            string? line = await process.StandardOutput.ReadLineAsync(cancelled).AsTask().WaitAsync(Patience, cancelled);
            return new(process, new(line ?? await process.StandardError.ReadToEndAsync(cancelled)));
        }

        public Task<byte[]> Bytes(string path) => Until(path, TestContext.Current.CancellationToken);

        /// <summary>An answer that is waited for no longer than so.</summary>
        public Task<byte[]> Until(string path, CancellationToken cancelled) => _client.GetByteArrayAsync(new Uri(address, path), cancelled);

        /// <summary>What is answered in place of rows, with its status.</summary>
        public async Task<string> Refused(string path)
        {
            using HttpResponseMessage answer = await _client.GetAsync(new Uri(address, path), TestContext.Current.CancellationToken);
            JsonElement document = JsonElement.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            return $"{(int)answer.StatusCode} {document.GetProperty("error").GetProperty("message").GetString()}";
        }

        public async Task<JsonElement> Ask(string path) => JsonElement.Parse(await Bytes(path));

        /// <summary>The page as a browser has it when it has asked for everything.</summary>
        public async Task<string> Shown(string view)
        {
            ProcessStartInfo start = new("chromium",
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--virtual-time-budget=30000", "--dump-dom",
                new Uri(address, view).AbsoluteUri,
            ])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process browser = Process.Start(start)!;
            Task<string> error = browser.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            string page = await browser.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken).WaitAsync(Patience);
            Assert.True(page.Contains("<main", StringComparison.Ordinal), await error);
            return page;
        }

        public void Dispose()
        {
            _client.Dispose();
            process.Kill();
            process.WaitForExit();
            process.Dispose();
        }
    }
}
