using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Linux.Pages;

namespace IommuSpy.EndToEnd.Tests.Pages;

/// <summary>page, pages, slab and buddy as users type them: names in JSON, rows, exit codes.</summary>
public class PageCommandTests
{
    private static string Guest => Guests.All[0].Name;

    private static string Image => Guests.Capture(Guest).RamFile;

    private static Machine Machine => GuestMachine.Open(Guest, "ram.raw");

    [Fact]
    public void Page_has_the_documented_names()
    {
        Assert.True(Machine.Symbols!.TryFind("init_task", out var symbol));
        ulong frame = Machine.Kernel.Text.ToPhysical(symbol.Address).Frame.Number;
        using JsonDocument page = Json("page", "init_task", "-J");
        Assert.Equal($"0x{frame:x}", page.RootElement.GetProperty("answers")[0].GetProperty("pfn").GetString());
        Assert.Contains("reserved", page.RootElement.GetProperty("answers")[0].GetProperty("flags").EnumerateArray().Select(flag => flag.GetString()));
        Assert.Equal(1, page.RootElement.GetProperty("answers")[0].GetProperty("references").GetInt32());
        Assert.Equal(0, page.RootElement.GetProperty("answers")[0].GetProperty("mappings").GetInt32());
        Assert.Equal("kernelImage", page.RootElement.GetProperty("answers")[0].GetProperty("kind").GetString());
        Assert.Equal("kernel data", page.RootElement.GetProperty("answers")[0].GetProperty("owner").GetString());
        Assert.Equal(
            $"0x{Machine.Parts.Pages.Required.Array.AddressOf(new(frame))!.Value.Value:x16}",
            page.RootElement.GetProperty("answers")[0].GetProperty("structPage").GetString());
    }

    [Fact]
    public void Pages_streams_a_row_for_every_page_that_the_kernel_shows()
    {
        ulong[] flags = MemoryMarshal.Cast<byte, ulong>(File.ReadAllBytes(Guests.Capture(Guest).GuestOracle("kpageflags"))).ToArray();
        Cli.Outcome outcome = Cli.Run("pages", "-s", Image, "--jsonl");
        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(flags.Count(entry => ((StablePageFlags)entry & StablePageFlags.Nopage) == StablePageFlags.None), outcome.Lines.Length);
        int same = 0;
        foreach (string line in outcome.Lines)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            ulong frame = Hex(row.RootElement.GetProperty("pfn"));
            same += Hex(row.RootElement.GetProperty("kernelPageFlags")) == flags[frame] ? 1 : 0;
            Assert.NotNull(row.RootElement.GetProperty("kind").GetString());
        }

        Assert.True(outcome.Lines.Length - same <= 64, $"{outcome.Lines.Length - same} rows differ from kpageflags");
    }

    [Fact]
    public void The_summary_counts_every_page_once_in_each_way()
    {
        using JsonDocument summary = Json("pages", "--summary", "-J");
        ulong pages = summary.RootElement.GetProperty("pages").GetUInt64();
        Assert.Equal(pages, Sum(summary.RootElement.GetProperty("flags")));
        Assert.Equal(pages, Sum(summary.RootElement.GetProperty("kinds")));
        Assert.Contains(summary.RootElement.GetProperty("owners").EnumerateArray(), owner => owner.GetProperty("owner").GetString() == "dentry");
        Assert.Contains("reserved", Cli.Run("pages", "-s", Image, "--summary").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Slab_names_the_object_of_an_address()
    {
        ulong task = Machine.Parts.Tasks.Required.Processes.First(task => task.Pid == 1).Address.Value;
        using JsonDocument slab = Json("slab", $"0x{task + 0x123:x}", "-J");
        Assert.Equal("task_struct", slab.RootElement.GetProperty("cache").GetString());
        Assert.Equal("live", slab.RootElement.GetProperty("object").GetProperty("state").GetString());
        Assert.Equal(task, Hex(slab.RootElement.GetProperty("object").GetProperty("virtual")));
        Assert.Equal(0x123UL, Hex(slab.RootElement.GetProperty("offset")));
        Assert.Equal(Machine.Parts.Slabs.Required.Caches.Count, Cli.Run("slab", "-s", Image, "--jsonl").Lines.Length);
        Assert.Contains("live object", Cli.Run("slab", "-s", Image, $"0x{task:x}").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Buddy_has_a_zone_a_line()
    {
        using JsonDocument buddy = Json("buddy", "-J");
        JsonElement zones = buddy.RootElement.GetProperty("zones");
        Assert.Equal(Machine.Parts.Zones.Required.Zones.Select(zone => zone.Name), zones.EnumerateArray().Select(zone => zone.GetProperty("zone").GetString()));
        Assert.Equal(Machine.Parts.Zones.Required.Zones.First().Orders.Select(order => order.Count),
            zones[0].GetProperty("counts").EnumerateArray().Select(count => count.GetUInt64()));
        Assert.Contains("DMA", Cli.Run("buddy", "-s", Image).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "page", "pfn:0xfffffff")]
    [InlineData(1, "slab", "init_task")]
    [InlineData(1, "page", "no_such_symbol")]
    [InlineData(1, "pages", "--range", "0xffffff0-0xffffff1")]
    [InlineData(2, "page")]
    [InlineData(2, "pages", "--kind", "poem")]
    [InlineData(2, "pages", "--range", "2-1")]
    [InlineData(2, "pages", "--summary", "--kind", "slab")]
    public void What_has_no_answer_or_makes_no_sense_gets_its_exit_code(int exitCode, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Image]);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.True(outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length <= 1, outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    private static ulong Sum(JsonElement lines) => lines.EnumerateArray().Aggregate(0UL, (sum, line) => sum + line.GetProperty("pages").GetUInt64());

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
