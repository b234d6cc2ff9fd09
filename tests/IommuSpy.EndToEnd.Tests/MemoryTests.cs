using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis.Pages;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Where memory went: the parts are the machine, and equal to the guest's /proc/meminfo where that counts the same.</summary>
public class MemoryTests
{
    // What a CPU may have counted and not yet told of one number (mm/vmstat.c, the largest stat_threshold), in kB.
    private const double Untold = 125 * 4;

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_parts_are_the_machine_and_agree_with_meminfo(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), "what pages are used for is inferred there");
        Capture capture = Guests.Capture(guest);
        Cli.Outcome answer = Cli.Run("memory", "-s", capture.RamFile, "--jsonl");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        (string Kind, string? Part, ulong Pages)[] rows = [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .Where(row => row.TryGetProperty("kind", out _))
            .Select(row => (row.GetProperty("kind").GetString()!, row.GetProperty("part").GetString(), row.GetProperty("pages").GetUInt64()))];

        PagesSummary summary = PagesSummary.Of(GuestMachine.Open(guest, "ram.raw"));
        Assert.Equal(summary.Pages, rows.Aggregate(0UL, (sum, row) => sum + row.Pages));
        Assert.All(summary.Kinds, kind => Assert.Equal(kind.Pages, Pages(row => row.Kind == JsonNamingPolicy.CamelCase.ConvertName(kind.Kind.ToString()))));

        Dictionary<string, double> meminfo = File.ReadLines(capture.GuestOracle("meminfo")).Select(line => line.Split(':'))
            .ToDictionary(parts => parts[0], parts => double.Parse(parts[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture));
        double cpus = File.ReadLines(capture.GuestOracle("cpuinfo")).Count(line => line.StartsWith("processor", StringComparison.Ordinal));
        Assert.Equal(meminfo["Hugetlb"], Kilobytes(row => row.Kind == "hugetlb"));
        Near(meminfo["AnonPages"] + meminfo["SwapCached"], row => row.Kind is "anonymous" or "ksm");
        Near(meminfo["Cached"] + meminfo["Buffers"], row => row.Kind == "file");
        Near(meminfo["Buffers"], row => row is { Kind: "file", Part: "bdev" });

        ulong Pages(Func<(string Kind, string? Part, ulong Pages), bool> which) => rows.Where(which).Aggregate(0UL, (sum, row) => sum + row.Pages);
        double Kilobytes(Func<(string Kind, string? Part, ulong Pages), bool> which) => Pages(which) * (PageFrame.Size / 1024.0);
        void Near(double counted, Func<(string Kind, string? Part, ulong Pages), bool> which) =>
            Assert.InRange(Kilobytes(which), counted - (cpus * Untold), counted + (cpus * Untold));
    }
}
