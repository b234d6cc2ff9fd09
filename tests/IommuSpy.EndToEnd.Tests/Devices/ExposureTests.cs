using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Exposure;
using IommuSpy.Linux.Slab;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>The audit on real guests: what it finds is there, and nothing else.</summary>
public class ExposureTests
{
    private static readonly string[] Levels = ["error", "warning", "note", "none"];

    // What is true of every guest with a network card of this kind, or of bridges to ISA behind VT-d.
    private static readonly string[] Expected =
        ["slab-neighbours", "socket-buffer-metadata", "one-to-one-range", "writable-read-only-page", "lazy-invalidation", "interrupt-remapping-off",
            "shared-page"];

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Nothing_is_found_that_is_not_there(string guest)
    {
        ExposureReport report = ExposureReport.Of(GuestMachine.Open(guest, "ram.raw"));
        Assert.Empty(report.Problems);
        if (guest.Contains("-none-", StringComparison.Ordinal))
        {
            Assert.All(report.Findings, finding => Assert.Equal("no-iommu", finding.Rule));
            Assert.Contains(report.Findings, finding => finding.Severity == ExposureSeverity.High);
            return;
        }

        Assert.Empty(report.Findings.Where(finding => !Expected.Contains(finding.Rule)).Select(finding => finding.Message));
    }

    [Fact]
    public void Neighbours_of_a_network_cards_receive_buffers_are_named()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        ExposureFinding finding = ExposureReport.Of(machine).Findings.Single(finding => finding.Rule == "slab-neighbours");
        Assert.Equal("e1000e", machine.Devices.Devices.Single(device => device.Address.ToString() == finding.Device).Function!.Driver);
        foreach (ExposureEvidence piece in finding.Evidence)
        {
            SlabPages slab = machine.Parts.Slabs.Required.SlabOf(piece.Physical!.Value.Frame)!;
            int live = slab.ObjectsIn(piece.Physical.Value.Frame.Address, PageFrame.Size).Count(item => item.State == SlabObjectState.Live);
            Assert.True(live > machine.DeviceReach.ReachersOf(piece.Physical.Value.Frame).Count);
            Assert.Contains(slab.Cache.Name, piece.What, StringComparison.Ordinal);
            Assert.Contains(slab.Objects, item => piece.What.Contains(item.Address.ToString(), StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_process_that_drives_a_device_is_found_and_accused_of_nothing()
    {
        ExposureReport report = ExposureReport.Of(DeviceGuests.Open(DeviceGuests.UserMapping));
        ExposureFinding given = report.Findings.Single(finding => finding.Rule == "user-memory");
        Assert.Equal("0000:00:05.0", given.Device);
        Assert.Contains("usermapping[", given.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(report.Findings, finding => finding.Rule == "writable-process-memory");

        // The guest sets vfio_iommu_type1.allow_unsafe_interrupts, and its IOMMU remaps interrupts.
        ExposureFinding told = report.Findings.Single(finding => finding.Rule == "isolation-override");
        Assert.Equal(("dmar0", ExposureSeverity.Note), (told.Unit, told.Severity));
        Assert.Empty(report.Findings.Where(finding => !Expected.Contains(finding.Rule)).Except([given, told]).Select(finding => finding.Message));
    }

    /// <summary>In a copy, the process has nothing at one of the addresses that it gave, and another page at a second one.</summary>
    [Fact]
    public void A_page_that_a_process_gave_and_no_longer_has_is_found_with_its_address()
    {
        Machine whole = DeviceGuests.Open(DeviceGuests.UserMapping);
        string[] given = File.ReadLines(DeviceGuests.Capture(DeviceGuests.UserMapping).GuestOracle("user-mappings")).First().Split(' ');
        VirtualAddress start = new(Convert.ToUInt64(given[0], 16));
        IoVirtualAddress iova = new(Convert.ToUInt64(given[3], 16));
        PhysicalAddress root = whole.Parts.Tasks.Required.Processes.Single(task => task.Comm == "usermapping").Root!.Value;
        ulong[] places = [3, 8, 9];
        AddressTranslation[] ways = [.. places.Select(page => whole.Kernel.SpaceOf(root).Translate(start + (page << 12)))];
        string copy = Path.Combine(Path.GetTempPath(), $"iommu-spy-pins-{Environment.ProcessId}.raw");
        try
        {
            File.Copy(whole.Image.Path, copy, overwrite: true);
            using (FileStream file = File.OpenWrite(copy))
            {
                Put(file, ways[0].Last!.EntryAddress, 0);
                Put(file, ways[1].Last!.EntryAddress, ways[2].Last!.Entry);
            }

            using Machine machine = Machine.Open(copy);
            ExposureFinding finding = ExposureReport.Of(machine).Findings.Single(one => one.Rule == "outdated-pin");
            Assert.Equal("0000:00:05.0", finding.Device);
            Assert.Equal(
            [
                (ways[0].Physical, iova + 0x3000, start + 0x3000, "rw"),
                (ways[1].Physical, iova + 0x8000, start + 0x8000, "rw"),
            ],
                finding.Evidence.Select(piece => (piece.Physical, piece.Iova!.Value, piece.Virtual!.Value, piece.Rights!)));
            Assert.Contains("has no page there now", finding.Evidence[0].What, StringComparison.Ordinal);
            Assert.Contains($"has {ways[2].Physical} there now", finding.Evidence[1].What, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(copy);
        }

        static void Put(FileStream file, PhysicalAddress at, ulong entry)
        {
            file.Position = (long)at.Value;
            file.Write(BitConverter.GetBytes(entry));
        }
    }

    [Fact]
    public void Devices_that_are_passed_through_are_found_each()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.PassThrough);
        ExposureReport report = ExposureReport.Of(machine);
        Assert.Equal(
            machine.Devices.Devices.Select(device => device.Address.ToString()),
            report.Findings.Where(finding => finding.Rule == "pass-through").Select(finding => finding.Device).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(report.Findings, finding => finding.Rule == "domain-disagreement");
        Assert.Equal(1, Cli.Run("exposure", "-s", machine.Image.Path, "--fail-on", "high").ExitCode);
        Assert.Equal(0, Cli.Run("exposure", "-s", machine.Image.Path, "--fail-on", "critical").ExitCode);
        Assert.Equal(0, Cli.Run("exposure", "-s", machine.Image.Path).ExitCode);
        Assert.Equal(2, Cli.Run("exposure", "-s", machine.Image.Path, "--fail-on", "grave").ExitCode);
    }

    [Fact]
    public void Without_interrupt_remapping_the_unit_is_found_and_strict_domains_are_not()
    {
        ExposureReport report = ExposureReport.Of(DeviceGuests.Open(DeviceGuests.StrictWithBridge));
        Assert.Equal("dmar0", report.Findings.Single(finding => finding.Rule == "interrupt-remapping-off").Unit);
        Assert.DoesNotContain(report.Findings, finding => finding.Rule == "lazy-invalidation");
        Assert.Empty(report.Findings.Where(finding => !Expected.Contains(finding.Rule)).Select(finding => finding.Message));
    }

    [Fact]
    public void Sarif_is_as_the_standard_wants_it()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        Cli.Outcome outcome = Cli.Run("exposure", "-s", machine.Image.Path, "--sarif");
        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument log = JsonDocument.Parse(outcome.Output);
        Assert.Equal("2.1.0", log.RootElement.GetProperty("version").GetString());
        Assert.Contains("sarif-2.1.0", log.RootElement.GetProperty("$schema").GetString(), StringComparison.Ordinal);
        JsonElement run = Assert.Single(log.RootElement.GetProperty("runs").EnumerateArray());
        JsonElement driver = run.GetProperty("tool").GetProperty("driver");
        Assert.Equal("iommu-spy", driver.GetProperty("name").GetString());
        JsonElement[] rules = [.. driver.GetProperty("rules").EnumerateArray()];
        Assert.Equal(ExposureRules.All.Select(rule => rule.Id), rules.Select(rule => rule.GetProperty("id").GetString()!));
        Assert.All(rules, rule => Assert.NotEmpty(rule.GetProperty("shortDescription").GetProperty("text").GetString()!));
        string uri = Assert.Single(run.GetProperty("artifacts").EnumerateArray()).GetProperty("location").GetProperty("uri").GetString()!;
        Assert.Equal("file", new Uri(uri).Scheme);
        JsonElement[] results = [.. run.GetProperty("results").EnumerateArray()];
        Assert.NotEmpty(results);
        foreach (JsonElement result in results)
        {
            Assert.Equal(result.GetProperty("ruleId").GetString(), rules[result.GetProperty("ruleIndex").GetInt32()].GetProperty("id").GetString());
            Assert.Contains(result.GetProperty("level").GetString(), Levels);
            Assert.NotEmpty(result.GetProperty("message").GetProperty("text").GetString()!);
            JsonElement[] locations = [.. result.GetProperty("locations").EnumerateArray()];
            Assert.NotEmpty(locations);
            foreach (JsonElement location in locations)
            {
                Assert.NotEmpty(location.GetProperty("logicalLocations").EnumerateArray());
                if (location.TryGetProperty("physicalLocation", out JsonElement place))
                {
                    Assert.Equal(uri, place.GetProperty("artifactLocation").GetProperty("uri").GetString());
                    Assert.True(place.GetProperty("address").GetProperty("absoluteAddress").GetUInt64() <= long.MaxValue);
                }
            }
        }
    }

    [Fact]
    public void A_device_can_be_asked_alone()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        Cli.Outcome outcome = Cli.Run("exposure", "-s", machine.Image.Path, "--device", "00:05.0", "-J");
        using JsonDocument report = JsonDocument.Parse(outcome.Output);
        Assert.NotEmpty(report.RootElement.GetProperty("findings").EnumerateArray());
        Assert.All(
            report.RootElement.GetProperty("findings").EnumerateArray(),
            finding =>
                Assert.True(finding.GetProperty("unit").ValueKind != JsonValueKind.Null
                    || finding.GetProperty("devices").EnumerateArray().Any(device => device.GetString() == "0000:00:05.0")));
        Assert.Equal(1, Cli.Run("exposure", "-s", machine.Image.Path, "--device", "00:1e.7").ExitCode);

        // A word may be a driver's name; a number that no device can have is bad usage.
        Assert.Equal(1, Cli.Run("exposure", "-s", machine.Image.Path, "--device", "nonsense").ExitCode);
        Assert.Equal(2, Cli.Run("exposure", "-s", machine.Image.Path, "--device", "00:20.0").ExitCode);
    }
}
