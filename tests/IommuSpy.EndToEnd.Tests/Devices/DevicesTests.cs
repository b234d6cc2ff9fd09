using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Frames;
using IommuSpy.Lab;
using IommuSpy.Linux.Pci;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>Devices joined with their IOMMUs, against the guest's sysfs and what its kernel answered about every domain.</summary>
public class DevicesTests
{
    private const ulong ScanEnd = 1UL << 32;
    private const int MostMappedMeanwhile = 16;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Devices_are_those_of_the_guests_sysfs(string guest, string image)
    {
        Capture capture = Guests.Capture(guest);
        Machine machine = GuestMachine.Open(guest, image);
        DevicesReport report = DevicesReport.Of(machine);
        Assert.Empty(report.Problems);
        string[] oracle = [.. File.ReadLines(capture.GuestOracle("pci")).Order(StringComparer.Ordinal)];
        string[] ours = [.. report.Devices.Select(device => string.Create(
            CultureInfo.InvariantCulture,
            $"{device.Device} 0x{device.VendorId!.Value.Value:x4} 0x{device.DeviceId!.Value.Value:x4} 0x{device.ClassCode!.Value.Value:x6} "
                + $"{device.Driver ?? "-"} "
                + $"{Number(device.Group)}"))];
        LineComparison.Equal(oracle, ours);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Groups_have_the_types_and_members_that_sysfs_says(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Dictionary<uint, string> types = File.ReadLines(Guests.Capture(guest).GuestOracle("iommu-groups"))
            .Select(line => line.Split(' ')).Where(words => words[2] == "type")
            .ToDictionary(words => uint.Parse(words[1], CultureInfo.InvariantCulture), words => words[3]);
        foreach (MachineDevice device in machine.Devices.Devices.Where(device => device.Group is not null))
        {
            Assert.Equal(types[device.Group!.Id], device.Group.DefaultDomain?.SysfsName);
            Assert.Null(device.Group.Damage);
            Assert.Equal(
                machine.Devices.Devices.Where(other => other.Group?.Id == device.Group.Id).Select(other => other.Function!.Device).Order(),
                device.Group.Devices.Order());
        }

        Assert.Equal(types.Keys.Order(), machine.Devices.Devices.Select(device => device.Group?.Id).OfType<uint>().Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Domains_map_what_the_kernel_says_that_they_map(string guest) => CompareWithKernel(GuestMachine.Open(guest, "ram.raw"), Guests.Capture(guest));

    [Fact]
    public void A_domain_that_a_process_fills_too() =>
        CompareWithKernel(DeviceGuests.Open(DeviceGuests.UserMapping), DeviceGuests.Capture(DeviceGuests.UserMapping));

    /// <summary>The process turned bus mastering on and had the device write memory; struct pci_dev says that it is off.</summary>
    [Fact]
    public void Whether_a_device_that_a_process_drives_may_start_transactions_is_not_known() => Assert.Null(
        DeviceGuests.Open(DeviceGuests.UserMapping).Devices.Devices.Single(device => device.Function!.IsDrivenByVfio).Function!.IsBusMaster);

    /// <summary>What the process wrote down when it gave its memory: "start length pid iova rights device".</summary>
    [Fact]
    public void A_device_names_the_process_that_has_it_and_what_that_gave_it()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        string[][] oracle = [.. File.ReadLines(DeviceGuests.Capture(DeviceGuests.UserMapping).GuestOracle("user-mappings")).Select(line => line.Split(' '))];
        Assert.NotEmpty(oracle);
        Cli.Outcome outcome = Cli.Run("devices", "-s", machine.Image.Path, "-J");
        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument rows = JsonDocument.Parse(outcome.Output);
        JsonElement device = rows.RootElement.GetProperty("rows").EnumerateArray().Single(row => row.GetProperty("owner").ValueKind == JsonValueKind.String);
        Assert.Equal(oracle[0][5], device.GetProperty("device").GetString());
        Assert.Equal($"usermapping[{oracle[0][2]}]", device.GetProperty("owner").GetString());
        Assert.Equal(
            oracle.Select(words => (Hex(words[3]), Hex(words[1]), words[4], words[2], "usermapping", Hex(words[0]), Hex(words[1]) / 4096)).Order(),
            device.GetProperty("given").EnumerateArray().Select(range => (
                Hex(range.GetProperty("iova").GetString()!), range.GetProperty("bytes").GetUInt64(), range.GetProperty("rights").GetString()!,
                Text(range.GetProperty("pid")), range.GetProperty("comm").GetString()!, Hex(range.GetProperty("virtual").GetString()!),
                range.GetProperty("pinnedPages").GetUInt64())).Order());
        Assert.Empty(DevicesReport.Of(machine).Problems);

        string owner = $"usermapping[{oracle[0][2]}]";
        string inside = string.Create(CultureInfo.InvariantCulture, $"0x{Hex(oracle[0][3]) + 0x3010:x}");
        string given = string.Create(CultureInfo.InvariantCulture, $"{owner} at 0x{Hex(oracle[0][0]) + 0x3000:x16}");
        Cli.Outcome explained = Cli.Run("explain", "-s", machine.Image.Path, "--device", oracle[0][5], inside);
        Assert.Contains(given, explained.Output, StringComparison.Ordinal);
        Assert.Contains($"unmanaged, for {owner}", explained.Output, StringComparison.Ordinal);
        Assert.Contains($"for {owner}", Cli.Run("iommu", "-s", machine.Image.Path).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_card_behind_a_bridge_to_conventional_pci_too() =>
        CompareWithKernel(DeviceGuests.Open(DeviceGuests.StrictWithBridge), DeviceGuests.Capture(DeviceGuests.StrictWithBridge));

    [Fact]
    public void A_card_behind_a_bridge_to_conventional_pci_arrives_under_the_bridges_number()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.StrictWithBridge);
        MachineDevice card = machine.Devices.Devices.Single(device => device.Function is { Vendor: 0x8086, DeviceId: 0x100e });
        PciFunction bridge = machine.Parts.Pci.Required.Find(card.Function!.Bridge!.Value)!;
        Assert.Equal(7, bridge.PortType);
        Assert.Equal($"0000:{bridge.SecondaryBus:x2}:00.0", Assert.Single(card.Requesters).ToString());
        Assert.Equal(DeviceAccess.Translated, card.Access);
        Assert.True(card.IsStrict);
    }

    [Fact]
    public void Devices_that_are_passed_through_reach_everything_and_are_not_expanded()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.PassThrough);
        CompareWithKernel(machine, DeviceGuests.Capture(DeviceGuests.PassThrough));
        Assert.All(machine.Devices.Devices, device => Assert.Equal(DeviceAccess.PassThrough, device.Access));
        Assert.Empty(machine.DeviceReach.Spaces);
        Assert.Equal(machine.Devices.Devices.Count, machine.DeviceReach.Unrestricted.Count);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_command_says_the_same(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Cli.Outcome outcome = Cli.Run("devices", "-s", machine.Image.Path, "-J");
        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument rows = JsonDocument.Parse(outcome.Output);
        Assert.Equal(
            machine.Devices.Devices.Select(device => $"{device.Address} {device.Access.Words()} {machine.DeviceReach.MappedBytes(device)} {device.IsStrict}"),
            rows.RootElement.GetProperty("rows").EnumerateArray()
                .Select(row =>
                    $"{row.GetProperty("device").GetString()} {row.GetProperty("mode").GetString()} {Text(row.GetProperty("mappedBytes"))} "
                        + $"{Text(row.GetProperty("strict"))}"));
    }

    [Fact]
    public void Without_types_devices_come_from_the_tables()
    {
        Machine whole = GuestMachine.Open(Guests.All[0].Name, "ram.raw");
        DeviceInventory bare = new(whole.Devices.Devices, whole.Parts.Iommu, null, []);
        string[] known = [.. bare.Devices.Where(device => device.Access == DeviceAccess.Translated).Select(device => device.Address.ToString())];
        string[] inTables =
            [.. whole.Parts.Iommu.Units.SelectMany(unit => unit.Contexts).Select(context => context.Requester.ToString()).Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)];
        Assert.Equal(known, inTables);
    }

    private static void CompareWithKernel(Machine machine, Capture capture)
    {
        if (DomainOracle.Of(capture) is not DomainOracle oracle)
        {
            Assert.Skip("Debian has no headers for this kernel, so nobody could ask it");
            return;
        }

        Dictionary<int, MachineDevice> representatives = [];
        foreach (MachineDevice device in machine.Devices.Devices)
        {
            (int Domain, string Type)? said = oracle.Devices[device.Address.ToString()];
            Assert.Equal(said is null, device.Group?.Domain is null);
            if (said is not (int domain, string type))
            {
                continue;
            }

            Assert.Equal(type, device.Group!.Domain!.SysfsName.ToLowerInvariant());
            DeviceAccess expected = type == "identity" ? DeviceAccess.PassThrough : type == "blocked" ? DeviceAccess.Blocked : DeviceAccess.Translated;
            Assert.Equal(expected, device.Access);
            if (expected == DeviceAccess.Translated)
            {
                // Devices of one domain share their tables, those of two do not.
                Assert.Equal(representatives.TryGetValue(domain, out MachineDevice? other) ? other.Context!.Space!.Root : device.Context!.Space!.Root,
                    device.Context!.Space!.Root);
                representatives[domain] = device;
            }
        }

        Assert.Equal(representatives.Count, representatives.Values.Select(device => device.Context!.Space!.Root).Distinct().Count());
        HashSet<(int, ulong, ulong)> ours = [];
        foreach ((int domain, MachineDevice device) in representatives)
        {
            foreach ((ulong iova, ulong physical) in DevicePages.Of(device).Where(page => page.Iova < ScanEnd))
            {
                ours.Add((domain, iova, physical));
            }
        }

        // Drivers map and unmap a page now and then between the kernel's answers and the stop.
        Assert.InRange(oracle.Pages.Except(ours).Count() + ours.Except(oracle.Pages).Count(), 0, MostMappedMeanwhile);

        // And the other way round, through the index: each page leads back to its devices.
        foreach ((int domain, ulong iova, ulong physical) in oracle.Pages.Intersect(ours))
        {
            Assert.Contains(machine.DeviceReach.ReachersOf(new(physical >> 12)), way => way.Device == representatives[domain] && way.Address.Value == iova);
        }
    }

    private static ulong Hex(string text) => Convert.ToUInt64(text, 16);

    private static string Number(uint? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "-";

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => "",
        JsonValueKind.True => "True",
        JsonValueKind.False => "False",
        _ => value.GetRawText(),
    };
}
