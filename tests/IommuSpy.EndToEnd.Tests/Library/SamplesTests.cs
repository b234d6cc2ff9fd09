using System.Globalization;
using System.Text.Json;
using IommuSpy.EndToEnd.Tests.Devices;

namespace IommuSpy.EndToEnd.Tests.Library;

/// <summary>Each sample, run as its first lines say against the library's package, on a real guest: it says what the command says.</summary>
public sealed class SamplesTests(SampleFeed feed) : IClassFixture<SampleFeed>
{
    private static string Image => Guests.Capture(Guests.All[0].Name).ElfDump;

    [Fact]
    public void The_histogram_of_pages_is_that_of_pages_summary()
    {
        Dictionary<string, ulong> histogram = feed.Output("page-histogram", Image).Select(Words)
            .ToDictionary(words => words[0], words => Number(words[1]));
        using JsonDocument summary = JsonDocument.Parse(Answer("pages", "--summary", "-J"));
        Assert.Equal(
            summary.RootElement.GetProperty("kinds").EnumerateArray().ToDictionary(row => row.GetProperty("kind").GetString()!,
                row => row.GetProperty("pages").GetUInt64()),
            histogram);
    }

    /// <summary>
    /// The two counts of the sample are two ways: a walk through the tables, and the kernel's own accounts, in which each transparent huge page of anonymous
    /// memory has a table that is kept for when it is split (pgtable_trans_huge_deposit in mm/huge_memory.c).
    /// </summary>
    [Fact]
    public void Page_tables_that_a_walk_finds_are_those_that_the_kernel_counts()
    {
        string[][] rows = [.. feed.Output("page-tables", Image).Skip(1).Select(Words)];
        Assert.Equal(Rows("ps", "pid", "--where", "root!="), rows.Select(row => row[0]).Order(StringComparer.Ordinal));
        Assert.Equal(rows.Select(row => Number(row[2])).OrderDescending(), rows.Select(row => Number(row[2])));
        Dictionary<string, ulong> deposited = Rows("vmas", "pid,hugeBytes", "--where", "hugeBytes>0", "--where", "path!=*hugepage*")
            .Select(row => row.Split(',')).GroupBy(row => row[0], row => Number(row[1]) >> 21, StringComparer.Ordinal)
            .ToDictionary(process => process.Key, process => (ulong)process.Sum(pages => (long)pages), StringComparer.Ordinal);
        Assert.NotEmpty(deposited);
        Assert.All(rows, row => Assert.Equal(Number(row[2]), Number(row[1]) + deposited.GetValueOrDefault(row[0])));
    }

    [Fact]
    public void Writable_and_executable_memory_is_that_of_maps_and_vmas()
    {
        string[][] rows = [.. feed.Output("writable-executable", Image).Select(Words)];
        List<string> mapped = [.. WritableExecutable()];
        foreach (string pid in Rows("ps", "pid", "--where", "root!="))
        {
            mapped.AddRange(WritableExecutable("--pid", pid, "--range", "0-0x800000000000"));
        }

        Assert.Equal(mapped.Order(StringComparer.Ordinal), Found(rows, "mapped"));
        string[] areas = [.. Rows("vmas", "start", "--rights", "wx")];
        Assert.NotEmpty(areas);
        Assert.Equal(areas, Found(rows, "allowed").Select(row => row[..row.IndexOf(',')]));
    }

    /// <summary>Of a process that has given memory to a device, which the sample has to find by itself.</summary>
    [Fact]
    public void What_devices_reach_of_a_process_is_what_reach_says()
    {
        string image = DeviceGuests.Capture(DeviceGuests.UserMapping).ElfDump;
        string[] lines = feed.Output("device-reach", image);
        string pid = lines[0][(lines[0].IndexOf('[') + 1)..lines[0].IndexOf(']')];
        using JsonDocument reach = JsonDocument.Parse(Cli.Run("reach", "--pid", pid, "-J", "-s", image).Output);
        Assert.Contains($"reach {reach.RootElement.GetProperty("reachedPages").GetUInt64()} of its", lines[0], StringComparison.Ordinal);
        Assert.Equal(
            reach.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("physical").GetString()!),
            lines.Where(line => line.StartsWith("0x", StringComparison.Ordinal)).Select(line => Words(line)[1]));
        Assert.True(lines.Length > 1);
    }

    [Fact]
    public void The_slab_census_counts_what_slab_counts()
    {
        string[] rows = [.. feed.Output("slab-census", Image).Skip(1).Select(Words).Select(words => $"{words[^1]},{words[1]},{words[2]}")];
        Assert.Equal(Rows("slab", "name,activeObjects,objects"), rows.Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> Found(string[][] rows, string how) =>
        rows.Where(row => row[2] == how).Select(row => $"{row[0]},{row[1]}").Order(StringComparer.Ordinal);

    private static string[] WritableExecutable(params string[] whose)
    {
        Cli.Outcome outcome = Cli.Run(["maps", "--rights", "wx", "--csv", "--columns", "virtual,bytes", "-s", Image, .. whose]);
        Assert.InRange(outcome.ExitCode, 0, 1);
        return [.. outcome.Lines.Skip(1)];
    }

    /// <summary>The rows of a table as CSV, by their text.</summary>
    private static string[] Rows(string command, string columns, params string[] more) =>
        [.. Answer([command, "--csv", "--columns", columns, .. more]).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Order(StringComparer.Ordinal)];

    private static string Answer(params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Image]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return outcome.Output;
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);

    private static string[] Words(string line) => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
