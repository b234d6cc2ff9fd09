using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Analysis.Reach;
using IommuSpy.Linux.Tasks;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>Which devices reach a page, against a search through everything that any device's tables map.</summary>
public class ReachTests
{
    private const int Questions = 1000;

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Pages_are_reached_by_whom_a_search_of_all_tables_finds(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        (string Device, ulong Iova, ulong Physical)[] all =
            [.. machine.Devices.Devices.Where(device => device.Access == DeviceAccess.Translated)
                .SelectMany(device => DevicePages.Of(device).Select(page => (device.Address.ToString(), page.Iova, page.Physical)))];
        Random random = new(20);
        ulong frames = machine.Kernel.Memory.Ranges[^1].Last.Frame.Number + 1;
        for (int i = 0; i < Questions; i++)
        {
            // Half of the pages are mapped for somebody, as far as any is.
            ulong frame = i % 2 == 0 && all.Length > 0 ? all[random.Next(all.Length)].Physical >> 12 : (ulong)random.NextInt64((long)frames);
            IEnumerable<string> expected = all.Where(page => page.Physical >> 12 == frame)
                .Select(page => string.Create(CultureInfo.InvariantCulture, $"{page.Device} {page.Iova:x}"));
            IEnumerable<string> found = machine.DeviceReach.ReachersOf(new(frame))
                .Select(way => string.Create(CultureInfo.InvariantCulture, $"{way.Device.Address} {way.Address.Value:x}"));
            Assert.Equal(expected.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        }
    }

    [Fact]
    public void What_a_process_gave_to_a_device_is_what_the_device_reaches_of_it()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        List<string> oracle = [];
        int pid = 0;
        foreach (string line in File.ReadLines(DeviceGuests.Capture(DeviceGuests.UserMapping).GuestOracle("user-mappings")))
        {
            // "start length pid iova rights device"
            string[] words = line.Split(' ');
            pid = int.Parse(words[2], CultureInfo.InvariantCulture);
            ulong start = Convert.ToUInt64(words[0], 16);
            ulong iova = Convert.ToUInt64(words[3], 16);
            for (ulong at = 0; at < Convert.ToUInt64(words[1], 16); at += 4096)
            {
                oracle.Add(string.Create(CultureInfo.InvariantCulture, $"{start + at:x} {iova + at:x} {words[4]} {words[5]}"));
            }
        }

        KernelTask process = machine.Parts.Tasks.Required.Find(pid)!;
        ProcessReachReport report = ProcessReachReport.Of(machine, process);
        List<string> ours = [];
        foreach (ProcessReachRow row in report.Rows)
        {
            for (ulong at = 0; at < row.Bytes; at += 4096)
            {
                ours.Add(string.Create(CultureInfo.InvariantCulture, $"{row.Virtual.Value + at:x} {row.Iova.Value + at:x} {row.Rights} {row.Device}"));
            }
        }

        LineComparison.Equal([.. oracle.Order(StringComparer.Ordinal)], [.. ours.Order(StringComparer.Ordinal)]);
        Assert.Equal((ulong)oracle.Count, report.ReachedPages);
    }

    [Fact]
    public void The_command_answers_and_explain_and_who_name_the_devices()
    {
        Machine machine = DeviceGuests.Open(DeviceGuests.UserMapping);
        DeviceReacher way = machine.Devices.Devices
            .Where(device => device.Function?.Driver == "e1000e")
            .SelectMany(device =>
                DevicePages.Of(device).Take(1).SelectMany(page => machine.DeviceReach.ReachersOf(new(page.Physical >> 12)).Where(way => way.Device == device)))
            .First();
        string source = machine.Image.Path;
        string physical =
            $"0x{machine.DeviceReach.Spaces.First(space => space.Users.Any(user => user.Device == way.Device)).Space.Translate(
                way.Address).Physical!.Value.Value:x}";
        Cli.Outcome reach = Cli.Run("reach", "-s", source, "-J", $"phys:{physical}");
        Assert.Equal(0, reach.ExitCode);
        using (JsonDocument answer = JsonDocument.Parse(reach.Output))
        {
            Assert.Contains(answer.RootElement.GetProperty("answers")[0].GetProperty("devices").EnumerateArray(),
                row => row.GetProperty("device").GetString() == way.Device.Address.ToString() && row.GetProperty("iova").GetString() == way.Address.ToString());
        }

        foreach (string[] command in new[] { new[] { "who", "-s", source, $"phys:{physical}" }, ["explain", "-s", source, "--physical", physical] })
        {
            Cli.Outcome outcome = Cli.Run(command);
            Assert.Contains(outcome.Lines,
                line => line.Contains(way.Device.Address.ToString(), StringComparison.Ordinal)
                    && line.Contains(way.Address.ToString(), StringComparison.Ordinal));
        }

        Cli.Outcome device = Cli.Run("explain", "-s", source, "-J", "--device", way.Device.Address.ToString(), way.Address.ToString());
        Assert.Equal(0, device.ExitCode);
        using JsonDocument explanation = JsonDocument.Parse(device.Output);
        Assert.Equal(Convert.ToUInt64(physical, 16),
            Convert.ToUInt64(explanation.RootElement.GetProperty("answers")[0].GetProperty("physical").GetString(), 16));
        Assert.Equal(1, Cli.Run("reach", "-s", source, "init_task").ExitCode);
        Assert.Equal(2, Cli.Run("reach", "-s", source).ExitCode);
        Assert.Equal(1, Cli.Run("explain", "-s", source, "--device", way.Device.Address.ToString(), "0x1000").ExitCode);
    }
}
