using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The commands as users type them, on a real guest: names in JSON, rows in order, exit codes.</summary>
public class CommandTests
{
    private static string Guest => Guests.All[0].Name;

    private static string Image => Guests.Capture(Guest).RamFile;

    private static Machine Machine => GuestMachine.Open(Guest, "ram.raw");

    [Fact]
    public void Info_has_the_documented_names()
    {
        using JsonDocument info = Json("info", "-J");
        Assert.Equal(Machine.Kernel.Facts.Release.Value, info.RootElement.GetProperty("release").GetString());
        Assert.StartsWith("Linux version ", info.RootElement.GetProperty("banner").GetString(), StringComparison.Ordinal);
        Assert.Equal(4, info.RootElement.GetProperty("pagingLevels").GetInt32());
        Assert.Equal(Machine.Kernel.Facts.KaslrOffset!.Value, Hex(info.RootElement.GetProperty("kaslrOffset")));
        Assert.Equal(Machine.Kernel.Facts.PhysicalBase.Value, Hex(info.RootElement.GetProperty("physicalBase")));
        Assert.Equal(Machine.Kernel.Facts.PageOffsetBase!.Value.Value, Hex(info.RootElement.GetProperty("pageOffsetBase")));
        Assert.Equal(Machine.Kernel.Facts.VmallocBase!.Value.Value, Hex(info.RootElement.GetProperty("vmallocBase")));
        Assert.Equal(Machine.Kernel.Facts.VmemmapBase!.Value.Value, Hex(info.RootElement.GetProperty("vmemmapBase")));
        Assert.Equal(Machine.Kernel.Space.Root.Value, Hex(info.RootElement.GetProperty("root")));
        Assert.Equal(Machine.Symbols!.Count, info.RootElement.GetProperty("symbolCount").GetInt32());
        Assert.All(info.RootElement.GetProperty("ranges").EnumerateArray(),
            range => Assert.True(Hex(range.GetProperty("start")) < Hex(range.GetProperty("end"))));
        Assert.Contains("page tables",
            info.RootElement.GetProperty("provenance").GetProperty("pageOffsetBase").EnumerateArray().Select(source => source.GetString()));
    }

    [Fact]
    public void Translate_has_the_documented_names_and_every_step()
    {
        using JsonDocument translation = Json("translate", "init_task", "-J");
        JsonElement root = translation.RootElement.GetProperty("answers")[0];
        Assert.Equal("translate", translation.RootElement.GetProperty("report").GetString());
        Assert.True(Machine.Symbols!.TryFind("init_task", out var symbol));
        Assert.Equal(symbol.Address.Value, Hex(root.GetProperty("virtual")));
        Assert.Equal("kernel virtual address", root.GetProperty("kind").GetString());
        Assert.Equal(Machine.Kernel.Text.ToPhysical(symbol.Address).Value, Hex(root.GetProperty("physical")));
        Assert.Equal("kernel rw-", root.GetProperty("rights").GetString());
        Assert.Equal(JsonValueKind.Null, root.GetProperty("reason").ValueKind);
        JsonElement first = root.GetProperty("steps")[0];
        Assert.Equal(4, first.GetProperty("level").GetInt32());
        Assert.Equal(511, first.GetProperty("index").GetInt32());
        Assert.Equal(Machine.Kernel.Space.Root.Value + (511 * 8), Hex(first.GetProperty("entryAddress")));
        Assert.True(Machine.Kernel.Memory.TryRead(new(Hex(first.GetProperty("entryAddress"))), out ulong entry));
        Assert.Equal(entry, Hex(first.GetProperty("entry")));
        Assert.Contains("P", first.GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));
    }

    [Fact]
    public void Translate_answers_thousands_of_addresses_in_their_order()
    {
        List<Mapping> leaves = [];
        MappingList.Visit(Machine, new(SingleLeaves: true), leaves.Add);
        Mapping[] asked = [.. leaves.Where((_, i) => i % 7 == 0).Reverse()];
        Cli.Outcome outcome = Cli.RunWithInput(
            string.Concat(asked.Select(leaf => $"0x{leaf.Virtual.Value:x}\n0x123\n")), "translate", "-s", Image, "--stdin", "--jsonl");
        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(2 * asked.Length, outcome.Lines.Length);
        for (int i = 0; i < asked.Length; i++)
        {
            using JsonDocument row = JsonDocument.Parse(outcome.Lines[2 * i]);
            Assert.Equal(asked[i].Virtual.Value, Hex(row.RootElement.GetProperty("virtual")));
            Assert.Equal(asked[i].Physical.Value, Hex(row.RootElement.GetProperty("physical")));
            Assert.Equal(asked[i].PageSize, row.RootElement.GetProperty("pageSize").GetUInt64());
            using JsonDocument unmapped = JsonDocument.Parse(outcome.Lines[(2 * i) + 1]);
            Assert.Equal(JsonValueKind.Null, unmapped.RootElement.GetProperty("physical").ValueKind);
            Assert.Equal(JsonValueKind.Null, unmapped.RootElement.GetProperty("pageSize").ValueKind);
            Assert.NotNull(unmapped.RootElement.GetProperty("reason").GetString());
        }
    }

    [Theory]
    [InlineData]
    [InlineData("-J")]
    [InlineData("--jsonl")]
    public void Translate_says_of_a_bad_line_what_is_wrong_and_goes_on(params string[] form)
    {
        const string Good = "init_task\n";
        string[] arguments = ["translate", "-s", Image, "--stdin", .. form];
        Assert.Equal(0, Cli.RunWithInput(Good, arguments).ExitCode);
        Cli.Outcome outcome = Cli.RunWithInput($"{Good}no such address\n\n{new string('0', 100_000)}1\n{Good}", arguments);
        Assert.Equal(1, outcome.ExitCode);
        Assert.Empty(outcome.Error);
        if (form is ["-J"])
        {
            using JsonDocument all = JsonDocument.Parse(outcome.Output);
            Assert.Equal(
                [true, false, false, false, true],
                all.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("physical").ValueKind != JsonValueKind.Null));
            return;
        }

        Assert.Equal(5, outcome.Lines.Length);
        Assert.Equal(outcome.Lines[0], outcome.Lines[4]);
        Assert.All(outcome.Lines[1..4], row => Assert.NotEqual(outcome.Lines[0], row));
        Assert.Contains("'no such address' is no address", outcome.Lines[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData]
    [InlineData("--jsonl")]
    public async Task Translate_answers_a_line_before_the_next_is_written(params string[] form)
    {
        using Cli.Conversation conversation = Cli.Start(["translate", "-s", Image, "--stdin", .. form]);
        using JsonDocument named = JsonDocument.Parse(Cli.Run("translate", "-s", Image, "init_task", "--jsonl").Output);
        Assert.Contains(named.RootElement.GetProperty("physical").GetString()!, await conversation.Ask("init_task"), StringComparison.Ordinal);
        Assert.Contains("no such symbol", await conversation.Ask("no_such_symbol_anywhere"), StringComparison.Ordinal);
        Assert.DoesNotContain("no such", await conversation.Ask("init_task"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_command_states_the_version_of_its_names()
    {
        string[] asked =
        [
            "info", "explain init_task", "translate init_task", "layout", "maps", "roots", "ps", "vmas 1", "pagemap 1", "who init_task", "modules", "resources",
            "vmalloc", "types list_head", "types list_h*", "pci", "page init_task", "pages --summary", "slab", "buddy", "symbols init_task", "iommu",
            "dmesg", "memory", "find pointer:init_task", "files", "sockets", "mounts", "cache", "cache /bin/busybox", "stack", "vms",
            "interrupts", "devices", "reach init_task", "exposure", "read init_task", "formats", "tables", "no-such-command", "who no_such_symbol",
        ];
        foreach (string command in asked)
        {
            string[] source = command is "formats" or "tables" or "no-such-command" ? [] : ["-s", Image];
            using JsonDocument answer = JsonDocument.Parse(Cli.Run([.. command.Split(' '), .. source, "-J"]).Output);
            JsonProperty first = answer.RootElement.EnumerateObject().First();
            Assert.True(first.Name == "version" && first.Value.GetInt32() == 2, $"{command}: begins with {first}");
        }
    }

    [Theory]
    [InlineData("regions", "layout")]
    [InlineData("units", "iommu")]
    [InlineData("findings", "exposure")]
    [InlineData("zones", "buddy")]
    public void The_rows_of_a_report_are_its_list(string list, string command)
    {
        using JsonDocument report = Json(command, "-J");
        string[] rows = Cli.Run(command, "-s", Image, "--jsonl").Lines;
        JsonElement[] listed = [.. report.RootElement.GetProperty(list).EnumerateArray()];
        Assert.NotEmpty(listed);
        Assert.Equal(listed.Length, rows.Length);
        foreach ((JsonElement element, string row) in listed.Zip(rows))
        {
            using JsonDocument parsed = JsonDocument.Parse(row);
            Assert.True(JsonElement.DeepEquals(element, parsed.RootElement), $"{element.GetRawText()}\n{row}");
        }
    }

    [Fact]
    public void The_rows_of_who_and_reach_are_everyone_in_their_reports()
    {
        string[] busy = [.. Cli.Run("maps", "-s", Image, "--device", "00:01.0", "--csv", "--columns", "physical").Lines.Skip(1).Take(3), "init_task"];
        foreach (string page in busy)
        {
            string asked = page.StartsWith("0x", StringComparison.Ordinal) ? $"phys:{page}" : page;
            using JsonDocument report = Json("who", asked, "-J");
            JsonElement who = report.RootElement.GetProperty("answers")[0];
            int devices = new[] { "devices", "unrestricted" }.Sum(name => who.GetProperty("reach").GetProperty(name).GetArrayLength());
            string[] kinds = [.. Cli.Run("who", "-s", Image, asked, "--csv", "--columns", "kind").Lines.Skip(1)];
            Assert.Equal(
                [.. Enumerable.Repeat("process", who.GetProperty("processes").GetArrayLength()),
                    .. Enumerable.Repeat("kernel", who.GetProperty("kernel").GetArrayLength()), .. Enumerable.Repeat("device", devices)],
                kinds);
            Cli.Outcome reach = Cli.Run("reach", "-s", Image, asked, "--csv", "--columns", "physical,iova");
            Assert.Equal(devices, reach.Lines.Length - 1);
            Assert.Equal(devices > 0 ? 0 : 1, reach.ExitCode);
        }
    }

    /// <summary>The source of <see cref="Cli.Run"/> is named by the environment, and is no running machine.</summary>
    [Fact]
    public void Watch_refuses_a_file_however_it_was_named_and_says_what_to_ask_instead()
    {
        foreach (Cli.Outcome outcome in new[] { Cli.Run("watch", "--count", "1"), Cli.Run("watch", "--count", "1", "-s", Image) })
        {
            Assert.Equal(2, outcome.ExitCode);
            Assert.Contains("maps --device", Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Maps_streams_every_leaf_with_the_documented_names()
    {
        List<Mapping> leaves = [];
        MappingList.Visit(Machine, new(SingleLeaves: true), leaves.Add);
        Cli.Outcome outcome = Cli.Run("maps", "-s", Image, "--leaves", "--jsonl");
        Assert.Equal(leaves.Count, outcome.Lines.Length);
        for (int i = 0; i < leaves.Count; i++)
        {
            using JsonDocument row = JsonDocument.Parse(outcome.Lines[i]);
            Assert.Equal(leaves[i].Virtual.Value, Hex(row.RootElement.GetProperty("virtual")));
            Assert.Equal(leaves[i].Physical.Value, Hex(row.RootElement.GetProperty("physical")));
            Assert.Equal(leaves[i].PageSize, row.RootElement.GetProperty("pageSize").GetUInt64());
            Assert.Equal(leaves[i].Entry, Hex(row.RootElement.GetProperty("entry")));
            Assert.Equal(RightsText.Of(leaves[i].Rights), row.RootElement.GetProperty("rights").GetString());
        }
    }

    [Fact]
    public void Symbols_streams_the_whole_table_with_the_documented_names()
    {
        Cli.Outcome outcome = Cli.Run("symbols", "-s", Image, "--jsonl");
        string[] rows = [.. outcome.Lines.Select(line =>
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string module = row.RootElement.GetProperty("module").GetString() is string owner ? $"\t[{owner}]" : "";
            return $"{Hex(row.RootElement.GetProperty("virtual")):x16} {row.RootElement.GetProperty("type").GetString()} "
                + $"{row.RootElement.GetProperty("name").GetString()}{module}";
        })];
        LineComparison.Equal([.. Machine.Symbols!
                .Concat(Machine.Parts.Modules.Required.Modules.SelectMany(module => module.Symbols)).Select(symbol => symbol.ToString())],
            rows);
    }

    [Fact]
    public void Reading_through_the_tables_and_by_physical_address_gives_the_same_bytes()
    {
        Assert.True(Machine.Symbols!.TryFind("linux_banner", out var banner));
        Cli.Outcome byName = Cli.Run("read", "-s", Image, "linux_banner", "--length", "64", "--format", "raw");
        Cli.Outcome physical = Cli.Run("read", "-s", Image, "--physical", $"{Machine.Kernel.Text.ToPhysical(banner.Address)}", "--length", "64", "--format",
            "raw");
        Assert.StartsWith("Linux version ", byName.Output, StringComparison.Ordinal);
        Assert.Equal(byName.Output, physical.Output);
    }

    [Fact]
    public void Explain_finds_each_other_address_of_a_page()
    {
        using JsonDocument explanation = Json("explain", "init_task", "-J");
        Assert.Equal("init_task", explanation.RootElement.GetProperty("answers")[0].GetProperty("symbol").GetString());
        ulong physical = Hex(explanation.RootElement.GetProperty("answers")[0].GetProperty("physical"));
        ulong[] aliases =
            [.. explanation.RootElement.GetProperty("answers")[0].GetProperty("alsoAt").EnumerateArray().Select(alias => Hex(alias.GetProperty("virtual")))];
        Assert.Contains(Machine.Kernel.Facts.PageOffsetBase!.Value.Value + physical, aliases);
        Assert.Contains(Machine.Kernel.Facts.VmemmapBase!.Value.Value + ((physical >> 12) * 64), aliases);
    }

    [Fact]
    public void Teaching_adds_lines_and_takes_none_away()
    {
        string[] plain = Cli.Run("explain", "-s", Image, "init_task").Lines;
        string[] taught = Cli.Run("explain", "-s", Image, "init_task", "--teach").Lines;
        Assert.Equal(plain, taught.Where(line => !line.TrimStart().StartsWith('|')));
        Assert.True(taught.Length > plain.Length);
    }

    [Theory]
    [InlineData(1, "translate", "0x10")]
    [InlineData(1, "translate", "0x1000000000000000")]
    [InlineData(1, "translate", "no_such_symbol")]
    [InlineData(1, "symbols", "no_such_symbol")]
    [InlineData(1, "read", "0x10")]
    [InlineData(1, "read", "--physical", "0xffffffffff000")]
    [InlineData(1, "maps", "--rights", "wx", "--range", "0x0-0x1000")]
    [InlineData(1, "maps", "--root", "0xfffffffff000")]
    [InlineData(2, "translate")]
    [InlineData(2, "translate", "12monkeys")]
    [InlineData(2, "maps", "--rights", "q")]
    [InlineData(2, "maps", "--range", "0x2000-0x1000")]
    [InlineData(2, "layout", "--kernel", "3.16")]
    [InlineData(2, "read", "init_task", "--length", "many")]
    [InlineData(2, "read", "init_task", "--format", "poem")]
    [InlineData(2, "explain", "init_task", "--root", "here")]
    [InlineData(2, "no-such-command")]
    public void What_has_no_answer_or_makes_no_sense_gets_its_exit_code_and_one_line(int exitCode, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Image]);
        Assert.Equal(exitCode, outcome.ExitCode);
        if (arguments[0] != "translate" || exitCode != 1 || arguments[1] == "no_such_symbol")
        {
            Assert.Single(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
            Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_documented_map_of_the_seed_needs_no_source()
    {
        Cli.Outcome outcome = Cli.Run("layout", "--documented", "--kernel", "3.16");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("ffff880000000000  ffffc7ffffffffff", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("ffffffffa0000000  ffffffffff5fffff", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void The_source_may_stand_in_the_environment()
    {
        Cli.Outcome outcome = Cli.Run("info");
        Assert.Equal(3, outcome.ExitCode);
        Assert.Equal("iommu-spy: /no/source/in/tests: no such file\n", outcome.Error);
    }

    private static JsonDocument Json(params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Image]);
        Assert.Equal("", outcome.Error);
        Assert.Equal(0, outcome.ExitCode);
        return JsonDocument.Parse(outcome.Output);
    }

    private static ulong Hex(JsonElement element)
    {
        string text = element.GetString()!;
        Assert.StartsWith("0x", text, StringComparison.Ordinal);
        return ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
