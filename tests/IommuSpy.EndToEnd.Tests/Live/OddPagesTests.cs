using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>
/// A guest with page frames that are no ordinary memory: a memory module that was never taken into use, a page that was poisoned under a process, a BAR that
/// a process maps, a file on persistent memory. Every command says the same of each.
/// </summary>
public sealed class OddPagesTests : IDisposable
{
    private const string Resource = "resource0";
    private const string PersistentFile = "/persistent/file";
    private const ulong PersistentAt = 256UL << 20;
    private const ulong PersistentBytes = 64UL << 20;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Every_command_says_the_same_of_a_page_that_is_no_ordinary_memory()
    {
        string dump = Path.Combine(_directory.FullName, "dump.elf");
        CaptureSpec spec = new()
        {
            Kernel = "6.1",
            Dimms = new([MemorySize.Mebibytes(256)]),
            Devices = new(["edu"]),
            Append = $"memmap={PersistentBytes >> 20}M!{PersistentAt >> 20}M",
        };
        string device, blocks, flags;
        Dictionary<string, (ulong Address, ulong Frame)> odd;
        using (RunningGuest guest = LiveGuest.Boot(spec))
        {
            device = Output(guest, "grep -l 0x11e8 /sys/bus/pci/devices/*/device").Split('/')[^2];
            string bar = $"/sys/bus/pci/devices/{device}/{Resource}";
            Output(guest, $"while read m; do insmod /lab/modules/$m; done < /lab/{RunningGuest.PersistentMemoryModules}; mke2fs -b 4096 /dev/pmem0 "
                + $"&& mkdir /persistent && mount -t ext4 -o dax /dev/pmem0 /persistent && dd if=/bin/busybox of={PersistentFile} bs=64k count=4");
            Output(guest, $"oddpages /run/odd {bar} {PersistentFile} > /run/odd.log 2>&1 & sleep 5; cat /run/odd.log");
            odd = Output(guest, "cat /run/odd").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
                .ToDictionary(words => Path.GetFileName(words[0]), words => (Hex(words[1]), Hex(words[2])), StringComparer.Ordinal);
            blocks = Output(guest, "cd /sys/devices/system/memory; for b in $(grep -l offline memory*/state); do cat ${b%/state}/phys_index; done");
            flags = Output(guest, $"dd if=/proc/kpageflags bs=8 skip={odd["poisoned"].Frame} count=1 2> /dev/null | od -A n -t x8");
            odd[Resource] = (odd[Resource].Address, Hex(Output(guest, $"head -n 1 /sys/bus/pci/devices/{device}/resource").Split(' ')[0][2..]) >> 12);
            guest.Stop();
            guest.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = $"file:{dump}" });
        }

        // KPF_HWPOISON.
        Assert.NotEqual(0UL, Hex(flags.Trim()) & (1UL << 19));
        ulong[] offline = [.. blocks.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(index => Hex(index) << 15)];
        Assert.Equal(2, offline.Length);

        Agree(dump, odd["poisoned"].Frame, "poisoned", "poisoned: lost by oddpages[");
        Agree(dump, odd[Resource].Frame, "pciRange", $"a PCI function's: {device} BAR 0");
        Assert.All(offline, first => Agree(dump, first, "offlineBlock", "in an offline memory block"));
        Assert.All(offline, first => Agree(dump, first + 0x7fff, "offlineBlock", "in an offline memory block"));

        // A page of the disk that the memory is; its struct pages are in ordinary memory.
        Assert.InRange(odd["file"].Frame << 12, PersistentAt, PersistentAt + PersistentBytes - 1);
        Agree(dump, odd["file"].Frame, "device", $"persistent memory (fsdax), 0x{PersistentAt:x}-0x{PersistentAt + PersistentBytes - 1:x}");
        Assert.Contains($"{odd["file"].Address:x16}", Run("who", "-s", dump, $"pfn:0x{odd["file"].Frame:x}").Output, StringComparison.Ordinal);

        JsonElement lost = Json("page", "-s", dump, $"pfn:0x{odd["poisoned"].Frame:x}").GetProperty("answers")[0].GetProperty("lostBy")[0];
        Assert.Equal("oddpages", lost.GetProperty("comm").GetString());
        Assert.Equal(odd["poisoned"].Address, Hex(lost.GetProperty("virtual").GetString()![2..]));
        Assert.Contains($"{odd[Resource].Address:x16}", Run("who", "-s", dump, $"pfn:0x{odd[Resource].Frame:x}").Output, StringComparison.Ordinal);

        Dictionary<string, ulong> kinds = Json("pages", "-s", dump, "--summary").GetProperty("kinds").EnumerateArray()
            .ToDictionary(line => line.GetProperty("kind").GetString()!, line => line.GetProperty("pages").GetUInt64(), StringComparer.Ordinal);
        Assert.Equal((ulong)offline.Length << 15, kinds["offlineBlock"]);
        Assert.Equal(1UL, kinds["poisoned"]);
        Assert.Equal(PersistentBytes >> 12, kinds["device"]);
    }

    private static void Agree(string dump, ulong frame, string kind, string words)
    {
        string page = $"pfn:0x{frame:x}";
        Assert.Equal(kind, Json("page", "-s", dump, page).GetProperty("answers")[0].GetProperty("kind").GetString());
        Assert.Equal(kind, Json("who", "-s", dump, page).GetProperty("answers")[0].GetProperty("page").GetProperty("kind").GetString());
        Assert.Contains(words, Run("page", "-s", dump, page).Output, StringComparison.Ordinal);
        Assert.Contains(words, Run("who", "-s", dump, page).Output, StringComparison.Ordinal);
        Assert.Contains(words, Run("explain", "-s", dump, "--physical", $"0x{frame << 12:x}").Output, StringComparison.Ordinal);

        // That no device reaches it is exit code 1.
        Assert.Contains(words, Cli.Run("reach", "-s", dump, page).Output, StringComparison.Ordinal);
        if (kind != "pciRange")
        {
            Assert.Contains(words, Run("pages", "-s", dump, "--range", $"0x{frame:x}-0x{frame:x}").Output, StringComparison.Ordinal);
        }
    }

    private static Cli.Outcome Run(params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(arguments);
        Assert.True(outcome.ExitCode == 0, $"{string.Join(' ', arguments)}: {outcome.ExitCode}: {outcome.Error}");
        return outcome;
    }

    private static JsonElement Json(params string[] arguments)
    {
        using JsonDocument document = JsonDocument.Parse(Run([.. arguments, "-J"]).Output);
        return document.RootElement.Clone();
    }

    private static string Output(RunningGuest guest, string command) => guest.Succeed(command).Output.TrimEnd('\n');

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
