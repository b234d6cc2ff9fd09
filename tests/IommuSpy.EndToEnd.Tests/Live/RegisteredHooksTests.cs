using System.Text.Json;
using System.Text.Json.Nodes;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>What a guest has registered with its function tracer and as probes, asked of a dump of it, against what the guest itself lists, whole.</summary>
[Collection(GuestsThatAreUp.Name)]
public sealed class RegisteredHooksTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("5.10")]
    [InlineData("6.1", Traits = ["guests", GuestsThatAreUp.More])]
    [InlineData("6.12")]
    public void What_is_registered_is_what_the_guest_lists(string kernel)
    {
        string dump = Path.Combine(_directory.FullName, "dump.elf");
        string traced, probed;
        using (RunningGuest guest = RunningGuest.Boot(new() { Kernel = kernel }, [], cancellation: TestContext.Current.CancellationToken))
        {
            guest.Succeed("mount -t debugfs none /sys/kernel/debug; cd /sys/kernel/debug/tracing; "
                + "echo 'p:one do_sys_openat2' > kprobe_events; echo 'r:two vfs_read' >> kprobe_events; echo 'p:three vfs_read' >> kprobe_events; "
                + "echo 'p:four schedule' >> kprobe_events; for e in events/kprobes/*/enable; do echo 1 > $e; done; "
                + "echo 'vfs_write ksys_*' > set_ftrace_filter; echo function > current_tracer; sleep 2");
            traced = guest.Succeed("cat /sys/kernel/debug/tracing/enabled_functions").Output;
            probed = guest.Succeed("cat /sys/kernel/debug/kprobes/list").Output;
            guest.Stop();
            guest.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = $"file:{dump}" });
        }

        Cli.Outcome answer = Cli.Run("hooks", "-s", dump, "--jsonl");
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        JsonElement[] rows = [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("explained", out _))];
        Assert.All(rows, row => Assert.NotNull(row.GetProperty("explained").GetString()));
        Assert.All(rows, row => Assert.NotNull(row.GetProperty("owner").GetString()));
        Assert.Equal(
            Words(traced).Where(words => words[0][0] != '\t' && words[1][0] == '(').Select(words => words[0]).Order(StringComparer.Ordinal),
            Of("tracer").Select(row => NameOf(row)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(
            Words(probed).Select(words => words[2]).Order(StringComparer.Ordinal),
            Of("probe").Select(row => $"{NameOf(row)}+0x{OffsetOf(row):x}").Order(StringComparer.Ordinal));
        Assert.Equal(4, Of("probe").Count());
        Assert.All(Of("code"), row => Assert.Contains(row.GetProperty("explained").GetString(), (string[])["function tracer", "kprobe"]));
        Assert.NotEmpty(Of("code"));

        IEnumerable<JsonElement> Of(string kind) => rows.Where(row => row.GetProperty("kind").GetString() == kind);
    }

    private static string NameOf(JsonElement row) => row.GetProperty("symbol").GetString()!.Split('+')[0];

    private static int OffsetOf(JsonElement row) =>
        row.GetProperty("symbol").GetString()!.Split("+0x") is [_, string offset] ? Convert.ToInt32(offset, 16) : 0;

    private static IEnumerable<string[]> Words(string shown) =>
        shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
}
