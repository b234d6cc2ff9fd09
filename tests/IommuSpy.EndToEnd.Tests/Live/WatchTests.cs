using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>watch in a guest under load, beside what another instance of the kernel's tracing counts of the same time, and what the tables say.</summary>
public abstract partial class WatchTests(WatchTests.Up up)
{
    // What a few packets map that come and go on their own between two looks; the load maps thousands of pages.
    private const long QuietBytes = 8 * 4096;

    private RunningGuest Guest => up.Guest;

    /// <summary>On Linux 6.1 behind VT-d.</summary>
    [Collection(GuestsThatAreUp.Name)]
    [Trait(GuestsThatAreUp.Trait, GuestsThatAreUp.More)]
    public sealed class On61(On61.Up61 up) : WatchTests(up), IClassFixture<On61.Up61>
    {
        /// <summary>The guest.</summary>
        public sealed class Up61() : Up(new() { Kernel = "6.1" }, "iommu/map", "iommu/unmap");
    }

    /// <summary>On Linux 6.12 behind an AMD IOMMU.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class On612(On612.Up612 up) : WatchTests(up), IClassFixture<On612.Up612>
    {
        /// <summary>The guest.</summary>
        public sealed class Up612() : Up(new() { Kernel = "6.12", Iommu = IommuModel.Amd }, "iommu/map", "iommu/unmap");
    }

    /// <summary>On Linux 5.10 behind VT-d, whose driver has events of its own.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class On510(On510.Up510 up) : WatchTests(up), IClassFixture<On510.Up510>
    {
        /// <summary>The guest.</summary>
        public sealed class Up510() : Up(new() { Kernel = "5.10" }, "intel_iommu/map_single", "intel_iommu/map_sg", "intel_iommu/unmap_single");
    }

    /// <summary>A guest, and the events that count there.</summary>
    public abstract class Up(CaptureSpec spec, params string[] events) : IDisposable
    {
        /// <summary>The guest.</summary>
        public RunningGuest Guest { get; } = LiveGuest.Boot(spec);

        /// <summary>The kernel's own events.</summary>
        public IReadOnlyList<string> Events { get; } = events;

        /// <inheritdoc/>
        public void Dispose()
        {
            Guest.Dispose();
            GC.SuppressFinalize(this);
        }
    }

    [Fact]
    public void Under_load_the_counts_are_those_of_the_kernel_s_own_events()
    {
        const string Instance = "/sys/kernel/tracing/instances/test";
        Guest.Succeed($"mkdir {Instance}; echo mono > {Instance}/trace_clock; echo 65536 > {Instance}/buffer_size_kb; "
            + string.Join("; ", up.Events.Select(name => $"echo 1 > {Instance}/events/{name}/enable")));
        StartLoad();
        GuestOutcome watched;
        try
        {
            watched = Guest.Succeed("iommu-spy watch --count 4 --interval 1 --jsonl");
            Guest.Succeed($"echo 0 > {Instance}/tracing_on");
        }
        finally
        {
            StopLoad();
        }

        // The events' own times, seconds with six digits, sorted into maps and unmaps.
        string times =
            Guest.Succeed($"sed -n -e 's/^.* \\([0-9]*\\.[0-9]*\\): map.*/m \\1/p' -e 's/^.* \\([0-9]*\\.[0-9]*\\): unmap.*/u \\1/p' {Instance}/trace").Output;
        Guest.Succeed($"grep -q 'overrun: 0' {Instance}/per_cpu/cpu0/stats && rmdir {Instance}");
        (bool IsMap, double At)[] events =
            [.. times.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(line => (line[0] == 'm', double.Parse(line.AsSpan(2), CultureInfo.InvariantCulture)))];
        Assert.Equal(4, watched.Lines.Count);
        long all = 0;
        foreach (string line in watched.Lines)
        {
            JsonElement report = JsonDocument.Parse(line).RootElement;
            double from = report.GetProperty("from").GetDouble();
            double to = report.GetProperty("to").GetDouble();
            long maps = report.GetProperty("maps").GetInt64();
            long lost = report.GetProperty("lost").GetInt64();

            // A probe misses what an interrupt does while another probe is handled.
            Assert.InRange(lost, 0, 8);

            // A probe fires before the event, and may stand on the other side of the interval's edge.
            Assert.InRange(maps - events.Count(one => one.IsMap && one.At > from && one.At <= to), -8 - lost, 8);
            Assert.InRange(report.GetProperty("unmaps").GetInt64() - events.Count(one => !one.IsMap && one.At > from && one.At <= to), -8 - lost, 8);
            Assert.Equal(maps, report.GetProperty("rows").EnumerateArray().Sum(row => row.GetProperty("maps").GetInt64()));
            all += maps;
        }

        // Both kinds of load are seen, at the devices that they are of.
        JsonElement[] rows = [.. watched.Lines.SelectMany(line => JsonDocument.Parse(line).RootElement.GetProperty("rows").EnumerateArray())];
        Assert.True(all > 200, $"only {all} mappings");
        Assert.Contains(rows,
            row => row.GetProperty("maps").GetInt64() > 0 && row.GetProperty("drivers").EnumerateArray().Any(driver => driver.GetString() == "nvme"));
        Assert.Contains(rows,
            row => row.GetProperty("maps").GetInt64() > 0 && row.GetProperty("drivers").EnumerateArray().Any(driver => driver.GetString() == "e1000e"));
        NothingIsLeft();
    }

    [Fact]
    public void What_is_mapped_after_the_load_is_what_the_tables_say()
    {
        StartLoad();
        Guest.Succeed("iommu-spy watch --count 40 --interval 0.5 --jsonl > /run/watched 2>&1 & sleep 10");
        StopLoad();
        Guest.Succeed("while pidof iommu-spy > /dev/null; do sleep 0.2; done");
        JsonElement[] reports = [.. Guest.Succeed("tail -n 10 /run/watched").Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement[] devices = [.. JsonDocument.Parse(Guest.Succeed("iommu-spy devices -J").Output).RootElement.GetProperty("rows").EnumerateArray()];
        string[] seen = [.. reports.SelectMany(Rows).Select(Device).Distinct()];
        Assert.NotEmpty(seen);
        foreach (string device in seen)
        {
            // What the kernel writes back on its own is mapped while it is under way; an event that was lost is missing in every report from then on.
            long expected = devices.Single(one => one.GetProperty("device").GetString() == device).GetProperty("mappedBytes").GetInt64();
            long[] said = [.. reports.SelectMany(Rows).Where(row => Device(row) == device).Select(row => row.GetProperty("mappedBytes").GetInt64())];
            Assert.True(Array.Exists(said, bytes => Math.Abs(expected - bytes) <= QuietBytes),
                $"{device}: the tables map {expected} bytes, watch said {string.Join(", ", said)}");
        }

        NothingIsLeft();
    }

    [Fact]
    public void In_a_terminal_it_stays_in_place_and_ends_on_Ctrl_C()
    {
        GuestOutcome outcome = Guest.Succeed("terminal 20 \"$(printf '\\003')\" iommu-spy watch");
        Assert.Contains("\u001b[J", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("e1000e", outcome.Output, StringComparison.Ordinal);
        NothingIsLeft();
    }

    [Fact]
    public void One_device_alone_and_tables_compared()
    {
        string[] lines = [.. Guest.Succeed("iommu-spy watch --tables --count 1").Lines];
        Assert.Contains("tables compared", lines[0], StringComparison.Ordinal);
        string device = Bdf().Match(lines.First(line => line.Contains("e1000e", StringComparison.Ordinal))).Value;
        GuestOutcome one = Guest.Succeed($"iommu-spy watch --device {device} --count 1 -J");
        Assert.Equal(device,
            Assert.Single(JsonDocument.Parse(one.Output).RootElement.GetProperty("answers")[0].GetProperty("rows").EnumerateArray())
                .GetProperty("devices")[0].GetString());
        Guest.Refuse(1, "iommu-spy watch --device 00:1e.7 --count 1");
        Guest.Refuse(2, "iommu-spy watch --interval 0 --count 1");
        NothingIsLeft();
    }

    [Fact]
    public void What_a_killed_watch_left_is_cleared_by_the_next()
    {
        Guest.Succeed("iommu-spy watch > /run/killed & sleep 15; kill -9 $!; sleep 1; ls /sys/kernel/tracing/instances | grep -q iommu-spy-");
        Guest.Succeed("iommu-spy watch --count 1");
        NothingIsLeft();
    }

    [Fact]
    public void An_ordinary_user_is_told_in_one_line()
    {
        GuestOutcome outcome = Guest.Run("iommu-spy watch --count 1", RunningGuest.OrdinaryUser);
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("only root may", outcome.ErrorLines[^1], StringComparison.Ordinal);
    }

    private void NothingIsLeft() => Assert.Equal("", Guest.Succeed("ls /sys/kernel/tracing/instances; cat /sys/kernel/tracing/kprobe_events").Output);

    private static IEnumerable<JsonElement> Rows(JsonElement report) => report.GetProperty("rows").EnumerateArray();

    private static string Device(JsonElement row) => row.GetProperty("devices")[0].GetString()!;

    private void StartLoad() => Guest.Succeed(
        """
        disk=$(ls -d /dev/nvme?n1 | head -n 1)
        while :; do echo 3 > /proc/sys/vm/drop_caches; dd if=$disk of=/dev/null bs=64k count=100; sleep 0.1; done > /dev/null 2>&1 & echo $! >> /run/load
        ping -i 0.05 -s 1400 10.0.2.2 > /dev/null 2>&1 & echo $! >> /run/load
        """);

    private void StopLoad() => Guest.Succeed("kill $(cat /run/load); rm /run/load; sleep 1");

    [GeneratedRegex("[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-7]", RegexOptions.None, 1000)]
    private static partial Regex Bdf();
}
