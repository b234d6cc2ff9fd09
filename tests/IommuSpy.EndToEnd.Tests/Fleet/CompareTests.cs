using System.Diagnostics;
using System.Text.Json.Nodes;
using IommuSpy.EndToEnd.Tests.Live;
using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Fleet;

/// <summary>Two captures compared: of one memory nothing differs, of two kernels what their commands say, and of one guest what was done to it.</summary>
public sealed class CompareTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(ExportTests.Small), MemberType = typeof(ExportTests))]
    public void One_memory_in_two_formats_differs_in_nothing(string guest)
    {
        Capture capture = Guests.Capture(guest);
        Assert.Empty(Rows(capture.RamFile, capture.KdumpDump));
        Cli.Outcome summary = Cli.Run("compare", capture.RamFile, capture.ElfDump);
        Assert.Equal(0, summary.ExitCode);
        Assert.Contains("one capture", summary.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("not compared", summary.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_kernels_are_compared_by_name()
    {
        string[] images = [.. new[] { "6.1", "5.10" }.Select(kernel =>
            Guests.Capture(Guests.All.First(guest => guest.Kernel == kernel && guest.Memory.Bytes < 1L << 30).Name).RamFile)];
        JsonNode[] rows = Rows(images[0], images[1], "--table", "modules,text");
        HashSet<string>[] names = [.. images.Select(image => Lines("modules", "-s", image, "--jsonl").Select(line => Text(line, "name")!).ToHashSet())];
        Assert.Equal(names[1].Except(names[0]).Order(), What(rows, "modules", "began"));
        Assert.Equal(names[0].Except(names[1]).Order(), What(rows, "modules", "ended"));
        Dictionary<string, long>[] sizes = [.. images.Select(image => Lines("modules", "-s", image, "--jsonl").Select(line => JsonNode.Parse(line)!)
            .ToDictionary(module => module["name"]!.GetValue<string>(), module => module["bytes"]!.GetValue<long>()))];
        foreach (string name in names[0].Intersect(names[1]))
        {
            long? by = rows.FirstOrDefault(row => Text(row, "what") == name && Text(row, "column") == "bytes")?["difference"]!.GetValue<long>();
            Assert.Equal(sizes[1][name] - sizes[0][name], by ?? 0);
        }

        // What cannot be compared has not passed.
        Assert.Equal(1, Cli.Run("compare", images[0], images[1], "--table", "text", "--fail-on", "text").ExitCode);
    }

    [Fact]
    public void What_was_done_to_a_guest_is_what_differs()
    {
        CaptureSpec spec = new() { Kernel = "6.1", Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) };
        using RunningGuest guest = LiveGuest.Boot(spec);

        // The kernel thread that prepares a new ext4 file system ends when it has.
        guest.Succeed("while grep -q ext4lazyinit /proc/*/comm; do sleep 0.1; done");
        string before = Take(guest, "before.raw");
        guest.Succeed("mkdir -p /tmp/began && mount -t tmpfs -o nosuid began /tmp/began");
        guest.Succeed("sh -c 'x=$(head -c 3145728 /dev/zero | tr \"\\0\" x); echo $$ > /tmp/pid; while :; do sleep 1000; done' > /dev/null 2>&1 < /dev/null &");
        guest.Succeed("while ! [ -s /tmp/pid ] || ! grep -q sleep /proc/*/comm; do sleep 0.1; done");
        string began = guest.Succeed("cat /tmp/pid").Output.Trim();
        guest.Succeed("echo 0000:00:01.0 > /sys/bus/pci/drivers/e1000e/unbind");
        string after = Take(guest, "after.raw");

        JsonNode[] rows = Rows(before, after);
        Assert.Equal([], What(rows, "ps", "ended").Where(what => !what.StartsWith("kworker", StringComparison.Ordinal)));
        Assert.Equal([$"sh {began}", "sleep"], What(rows, "ps", "began").Where(what => !what.StartsWith("kworker", StringComparison.Ordinal))
            .Select(what => what.StartsWith("sleep ", StringComparison.Ordinal) ? "sleep" : what).Order());
        long pages = rows.First(row => Text(row, "what") == $"sh {began}" && Text(row, "table") == "ps")["difference"]!.GetValue<long>();
        Assert.InRange(pages, 3145728 / 4096, 4 * 3145728 / 4096);
        Assert.Equal(["began /tmp/began"], What(rows, "mounts", "began"));
        Assert.Empty(What(rows, "mounts", "ended"));
        JsonNode driver = rows.Single(row => Text(row, "table") == "devices" && Text(row, "column") == "driver");
        Assert.Equal(("0000:00:01.0", "e1000e", ""), (Text(driver, "what"), Text(driver, "before"), Text(driver, "after")));

        // The driver has taken all of its mappings along, and nobody else's.
        int mapped = Lines("maps", "-s", before, "--device", "00:01.0", "--leaves", "--jsonl").Length;
        Assert.Equal(mapped, What(rows, "maps-iova", "ended").Count(what => what.StartsWith("0000:00:01.0", StringComparison.Ordinal)));
        Assert.DoesNotContain(What(rows, "maps-iova", "began"), what => what.StartsWith("0000:00:01.0", StringComparison.Ordinal));
        Assert.Empty(What(rows, "modules", "began").Concat(What(rows, "modules", "ended")));
        Assert.Empty(What(rows, "symbols", "began").Concat(What(rows, "symbols", "ended")));
        Assert.Equal(1, Cli.Run("compare", before, after, "--table", "mounts", "--fail-on", "mounts:began").ExitCode);
        Assert.Equal(0, Cli.Run("compare", before, after, "--table", "mounts", "--fail-on", "mounts:ended", "--fail-on", "modules:began").ExitCode);
        Cli.Outcome summary = Cli.Run("compare", before, after);
        Assert.Contains("one boot", summary.Output, StringComparison.Ordinal);
        TestContext.Current.SendDiagnosticMessage(summary.Output);

        // One function of the kernel, changed by one byte.
        string patched = Path.Combine(_directory.FullName, "patched.raw");
        Copy(after, patched);
        using (Analysis.Machine machine = Analysis.Machine.Open(after))
        using (FileStream file = File.OpenWrite(patched))
        {
            Assert.True(machine.Symbols!.TryFind("do_exit", out Linux.Kallsyms.Symbol symbol));
            Assert.True(machine.Kernel.Space.TryTranslate(symbol.Address + 9, out Memory.PhysicalAddress at));
            Assert.True(machine.Kernel.Space.TryRead(symbol.Address + 9, out ulong word));
            file.Position = (long)at.Value;
            file.WriteByte((byte)(word ^ 0x55));
        }

        JsonNode row = Assert.Single(Rows(after, patched));
        Assert.Equal(("text", "changed", "do_exit", 1L), (Text(row, "table"), Text(row, "change"), Text(row, "what"), row["difference"]!.GetValue<long>()));
    }

    [Theory]
    [InlineData("--table", "pss", "did you mean ps?")]
    [InlineData("--fail-on", "ps:gone", "began")]
    [InlineData("--fail-on", "a:b:c", "TABLE:CHANGE")]
    [InlineData("-s", "x", "without -s")]
    public void What_makes_no_sense_is_refused(string option, string value, string words)
    {
        Cli.Outcome outcome = Cli.Run("compare", "a", "b", option, value);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
    }

    private string Take(RunningGuest guest, string name)
    {
        string path = Path.Combine(_directory.FullName, name);
        guest.Stop();
        Copy(guest.RamFile, path);
        guest.Continue();
        return path;
    }

    private static void Copy(string from, string to)
    {
        using Process copy = Process.Start("cp", ["--sparse=always", from, to]);
        copy.WaitForExit();
        Assert.Equal(0, copy.ExitCode);
    }

    private static JsonNode[] Rows(string before, string after, params string[] more) =>
        [.. Lines(["compare", before, after, "--jsonl", .. more]).Select(line => JsonNode.Parse(line)!)];

    private static string[] Lines(params string[] command)
    {
        Cli.Outcome outcome = Cli.Run(command);
        Assert.True(outcome.ExitCode == 0, outcome.Error);
        return outcome.Lines;
    }

    private static IEnumerable<string> What(JsonNode[] rows, string table, string change) =>
        rows.Where(row => Text(row, "table") == table && Text(row, "change") == change).Select(row => Text(row, "what")!).Order();

    private static string? Text(string line, string name) => Text(JsonNode.Parse(line)!, name);

    private static string? Text(JsonNode row, string name) => row[name]?.GetValue<string>();
}
