using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>
/// Sockets and the page cache of a guest, asked of a dump of it, against what the guest itself said right before: /proc/net in each network namespace, every
/// line; every socket among /proc/PID/fd; what ioctls say of queues; mincore and pagemap, every page of the files; the files' own bytes.
/// </summary>
[Collection(GuestsThatAreUp.Name)]
public sealed partial class SocketsAndCacheTests : IDisposable
{
    private const int Page = 4096;
    private const string Nets = "for p in 1 $(pidof sockets); do for k in tcp tcp6 udp udp6 raw raw6 unix netlink packet; do "
        + "echo \"== $(readlink /proc/$p/ns/net) $k\"; tail -n +2 /proc/$p/net/$k; done; done 2> /dev/null";
    private const string Holders = "for f in /proc/[0-9]*/fd/[0-9]*; do l=$(readlink $f); case $l in socket:*) echo \"$f $l\";; esac; done 2> /dev/null";
    private const string Partly = "/mnt/partly";
    private const string Whole = "/mnt/whole";
    private const string Part = "/mnt/part";
    private const string Holes = "/run/holes";
    private const string Swapped = "/dev/shm/swapped";
    private const string Program = "/bin/busybox";

    private static readonly string[] States =
        ["", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"];

    private static readonly Dictionary<string, int> NetlinkProtocols = new(StringComparer.Ordinal)
    {
        ["route"] = 0,
        ["sock_diag"] = 4,
        ["xfrm"] = 6,
        ["selinux"] = 7,
        ["audit"] = 9,
        ["fib_lookup"] = 10,
        ["connector"] = 11,
        ["netfilter"] = 12,
        ["kobject_uevent"] = 15,
        ["generic"] = 16,
        ["scsitransport"] = 18,
        ["rdma"] = 20,
        ["crypto"] = 21,
    };

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData("5.10")]
    [InlineData("6.1", Traits = ["guests", GuestsThatAreUp.More])]
    [InlineData("6.12")]
    public void Sockets_and_cached_pages_are_those_that_the_guest_shows(string kernel)
    {
        string dump = Path.Combine(_directory.FullName, "dump.elf");
        byte[] content = new byte[(3 << 20) + 123];
        new Random(7).NextBytes(content);
        string given = Path.Combine(_directory.FullName, "content");
        File.WriteAllBytes(given, content);
        string[] nets;
        string holders, queues, cached;
        using (RunningGuest guest = RunningGuest.Boot(new() { Kernel = kernel }, [new("/lab/content", given)],
            cancellation: TestContext.Current.CancellationToken))
        {
            guest.Succeed("echo 0 > /proc/sys/vm/dirty_writeback_centisecs; cp /lab/content " + Partly + "; cp /lab/content " + Whole
                + "; sync; echo 3 > /proc/sys/vm/drop_caches; "
                + "for i in 100 101 300 768; do dd if=" + Partly + " of=/dev/null bs=4k skip=$i count=1; done; "
                + "dd if=/lab/content of=" + Partly + " bs=4k skip=500 seek=500 count=1 conv=notrunc; cat " + Whole
                + " > /dev/null; dd if=/lab/content of=" + Part + " bs=123 count=1; "
                + "dd if=/lab/content of=" + Holes + " bs=4k count=2; dd if=/lab/content of=" + Holes + " bs=4k skip=40 seek=40 count=3 conv=notrunc; "
                + "dd if=/dev/null of=" + Holes + " bs=4k seek=100; dd if=/lab/content of=" + Swapped + " bs=4k count=64; ln -s ../mnt/whole /run/link");
            guest.Succeed("sockets /run/sockets.report > /run/sockets.log 2>&1 < /dev/null & for i in $(seq 600); do test -e /run/sockets.ready && exit 0; "
                + "sleep 0.1; done; cat /run/sockets.log >&2; exit 1");
            queues = guest.Succeed("cat /run/sockets.ready").Output;
            nets = [guest.Succeed(Nets).Output, guest.Succeed(Nets).Output];
            holders = guest.Succeed(Holders).Output;
            cached = guest.Succeed(string.Join(' ', ["cached /run/cached", Partly, Whole, Holes, Swapped, Program]) + "; cat /run/cached").Output;

            // After that: what is asked where a page is brings it back.
            guest.Succeed("cached --out " + Swapped + " 8 16");
            guest.Stop();
            guest.Execute("dump-guest-memory", new JsonObject { ["paging"] = false, ["protocol"] = $"file:{dump}" });
        }

        JsonElement[] sockets = Rows(Cli.Run("sockets", "-s", dump, "--jsonl"), "socket");
        CompareTables(nets, sockets);
        CompareHolders(holders, sockets, dump);
        CompareQueues(queues, sockets);
        CompareCache(cached, dump);
        CompareContents(content, dump);
    }

    private static JsonElement[] Rows(Cli.Outcome answer, string column)
    {
        Assert.Equal((0, ""), (answer.ExitCode, answer.Error));
        return [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty(column, out _))];
    }

    private static void CompareTables(string[] shown, JsonElement[] sockets)
    {
        HashSet<string>[] theirs = [.. shown.Select(text => Numbered(TheirLines(text)))];
        HashSet<string> ours = Numbered(sockets.Where(row => row.GetProperty("listed").GetBoolean()).Select(OurLine));
        Assert.Equal(2, sockets.Select(row => row.GetProperty("netns").GetInt64()).Distinct().Count());
        Assert.True(theirs[1].Count > 60, $"the guest showed {theirs[1].Count} sockets");

        // What was there both times is there; what is there was there once.
        Assert.Empty(theirs[0].Intersect(theirs[1], StringComparer.Ordinal).Except(ours, StringComparer.Ordinal));
        Assert.Empty(ours.Except(theirs[0].Union(theirs[1], StringComparer.Ordinal), StringComparer.Ordinal));
        HashSet<string?> states = [.. sockets.Where(row => row.GetProperty("kind").GetString() is "tcp" or "tcp6").Select(row => Text(row, "state"))];
        Assert.Superset(
            new HashSet<string?>(["ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LISTEN"]), states);
        Assert.Equal("file", Text(Assert.Single(sockets, row => Text(row, "path") == "@in flight"), "heldBy"));
        Assert.Contains(sockets, row => !row.GetProperty("listed").GetBoolean() && row.GetProperty("kind").GetString() == "tcp");
        Assert.Contains(sockets, row => Text(row, "interface") == "lo" && Number(row, "localPort") == 7900);
    }

    // Lines that are alike are told apart by their number.
    private static HashSet<string> Numbered(IEnumerable<string> lines) =>
        [.. lines.GroupBy(line => line, StringComparer.Ordinal).SelectMany(same => same.Select((line, i) => $"{line} #{i}"))];

    // Each namespace once: of several processes in one, the first that is shown.
    private static IEnumerable<string> TheirLines(string shown) => shown.Split("== ", StringSplitOptions.RemoveEmptyEntries)
        .Select(part => part.Split('\n', StringSplitOptions.RemoveEmptyEntries)).DistinctBy(part => part[0])
        .SelectMany(part => part.Skip(1).Select(line => TheirLine(InBrackets().Match(part[0]).Groups["its"].Value, part[0].Split(' ')[1], line)));

    private static string TheirLine(string space, string kind, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return $"{space} {kind} " + kind switch
        {
            "unix" => $"{words[3]} {words[4]} {words[5]} {words[6]} {UnixPath().Match(line).Groups["its"].Value}",
            "netlink" => $"{words[1]} {words[2]} {words[4]} {words[5]} {words[9]}",
            "packet" => $"{words[2]} {words[3]} {words[6]} {words[7]} {words[8]}",
            _ => $"{words[1]} {words[2]} {words[3]} {words[4]} {words[7]} {words[9]}",
        };
    }

    private static string OurLine(JsonElement row)
    {
        string kind = row.GetProperty("kind").GetString()!;
        long inode = Number(row, "inode");
        bool isOne = Text(row, "state") == "ESTABLISHED";
        return $"{Number(row, "netns")} {kind} " + kind switch
        {
            "unix" => $"{(Text(row, "state") == "LISTEN" ? "00010000" : "00000000")} {TypeOf(row):X4} "
                + $"{(Text(row, "heldBy") != "nobody" ? isOne ? 3 : 1 : isOne ? 2 : 4):x2} {inode} {Text(row, "path")}",
            "netlink" => $"{NetlinkProtocols[Text(row, "local")!]} {Number(row, "localPort")} "
                + $"{Number(row, "receiveMemory")} {Number(row, "sendMemory")} {inode}",
            "packet" => $"{TypeOf(row)} {Text(row, "local")![2..]} {Number(row, "receiveMemory")} {Number(row, "uid")} {inode}",
            _ => $"{Hex(Text(row, "local")!)}:{Number(row, "localPort"):X4} {Hex(Text(row, "remote")!)}:{Number(row, "remotePort"):X4} "
                + $"{Array.IndexOf(States, Text(row, "state")):X2} {Number(row, "sendQueue"):X8}:{Number(row, "receiveQueue"):X8} {Number(row, "uid")} {inode}",
        };
    }

    // Four bytes at a time, as a number of a machine that is little-endian.
    private static string Hex(string address) => string.Concat(IPAddress.Parse(address).GetAddressBytes().Chunk(4)
        .Select(word => BitConverter.ToUInt32(word).ToString("X8", CultureInfo.InvariantCulture)));

    private static int TypeOf(JsonElement row) => 1 + Array.IndexOf(["stream", "dgram", "raw", "rdm", "seqpacket"], Text(row, "type"));

    private static string? Text(JsonElement row, string column) => row.GetProperty(column).GetString();

    private static long Number(JsonElement row, string column) =>
        row.GetProperty(column) is { ValueKind: JsonValueKind.Number } value ? value.GetInt64() : 0;

    private static void CompareHolders(string shown, JsonElement[] sockets, string dump)
    {
        string[] theirs = [.. shown.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('/', ' '))
            .Select(words => $"{words[2]}/{words[4]} {words[5]}").Order(StringComparer.Ordinal)];
        string[] ours = [.. sockets.SelectMany(row => row.GetProperty("holders").EnumerateArray()
            .Select(holder => $"{holder.GetString()} socket:[{Number(row, "inode")}]")).Order(StringComparer.Ordinal)];
        LineComparison.Equal(theirs, ours);
        Assert.Contains(sockets, row => row.GetProperty("holders").GetArrayLength() == 3);

        // One process's are those that it holds.
        string pid = ours[0].Split('/')[0];
        Assert.Equal(
            sockets.Where(row => row.GetProperty("holders").EnumerateArray().Any(holder => holder.GetString()!.StartsWith(pid + "/", StringComparison.Ordinal)))
                .Select(row => Text(row, "socket")),
            Rows(Cli.Run("sockets", "-s", dump, pid, "--jsonl"), "socket").Select(row => Text(row, "socket")));
    }

    private static void CompareQueues(string shown, JsonElement[] sockets)
    {
        Dictionary<long, JsonElement> byInode = sockets.Where(row => Number(row, "inode") != 0).ToDictionary(row => Number(row, "inode"));
        string[] lines = shown.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length > 30, $"only {lines.Length} sockets told of their queues");
        foreach (long[] theirs in lines.Select(line => line.Split(' ').Select(word => long.Parse(word, CultureInfo.InvariantCulture)).ToArray()))
        {
            JsonElement row = byInode[theirs[0]];
            Assert.Equal((theirs[2], theirs[3]), (Number(row, "receiveMemory"), Number(row, "sendMemory")));

            // Of datagrams the ioctl tells of the first alone.
            if (row.GetProperty("kind").GetString() == "unix" && Text(row, "type") != "dgram" && theirs[1] >= 0)
            {
                Assert.Equal(theirs[1], Number(row, "receiveQueue"));
            }
        }

        Assert.Contains(sockets, row => Text(row, "path") == "/run/lab stream" && Number(row, "receiveQueue") == 100 - 7);
        Assert.Equal(42, Number(Assert.Single(sockets, row => Text(row, "path") == "@lab@abstract" && Number(row, "receiveQueue") > 0), "receiveQueue"));
    }

    private static JsonElement[] Runs(string dump, string path) => Rows(Cli.Run("cache", "-s", dump, path, "--jsonl"), "state");

    private static void CompareCache(string shown, string dump)
    {
        string[] theirs = shown.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string path in (string[])[Partly, Whole, Holes, Program, Swapped])
        {
            JsonElement[] runs = Runs(dump, path);
            string[] ours = [.. runs.Where(run => Text(run, "state") == "cached").SelectMany(run => Pages(run)
                .Select((page, i) => $"{path} {page} {(Convert.ToUInt64(Text(run, "physical"), 16) / Page) + (ulong)i:x}"))];
            string[] its = [.. theirs.Where(line => line.StartsWith(path + " ", StringComparison.Ordinal))];
            if (path == Swapped)
            {
                // These were there when mincore was asked, and went to the swap device after it.
                LineComparison.Equal([.. its.Where((_, page) => page is < 8 or >= 8 + 16)], ours);
                Assert.Equal(Enumerable.Range(8, 16), runs.Where(run => Text(run, "state") == "swapped").SelectMany(Pages));
                Assert.Equal(64, its.Length);
                continue;
            }

            LineComparison.Equal(its, ours);
        }

        JsonElement[] partly = Runs(dump, Partly);
        Assert.Equal(1, partly.Sum(run => Number(run, "dirty")));
        Assert.Contains(partly, run => Text(run, "state") is "absent" or "evicted");
        Assert.Equal((3 << 20) / Page + 1, partly.Sum(run => Number(run, "pages")));
        Assert.Equal(["cached", "hole", "cached", "hole"], Runs(dump, Holes).Select(run => Text(run, "state")).Aggregate(
            new List<string?>(), (states, state) => { if (states.LastOrDefault() != state) { states.Add(state); } return states; }));
        Assert.Equal(Runs(dump, Whole).Select(run => run.GetRawText()), Runs(dump, "/run/link").Select(run => run.GetRawText()));

        // The same file in the list of all, and by its inode.
        JsonElement row = Assert.Single(Rows(Cli.Run("cache", "-s", dump, "--jsonl"), "cachedBytes"), row => Text(row, "path") == "/whole");
        Assert.Equal(theirs.Count(line => line.StartsWith(Whole + " ", StringComparison.Ordinal)), Number(row, "cachedBytes") / Page);
        Assert.Equal(Runs(dump, Whole).Select(run => run.GetRawText()), Runs(dump, Text(row, "object")!).Select(run => run.GetRawText()));
        Cli.Outcome none = Cli.Run("cache", "-s", dump, "/run/no/such/file");
        Assert.Equal(1, none.ExitCode);
        Assert.Contains("/run/no: ", none.Error, StringComparison.Ordinal);

        // The file system's blocks are of 1 KiB: of a page of which one was written the others are not there, and mincore says that it is not.
        Assert.Equal(("unread", 1L), (Text(Assert.Single(Runs(dump, Part)), "state"), Number(Runs(dump, Part)[0], "pages")));
    }

    private static IEnumerable<int> Pages(JsonElement run) =>
        Enumerable.Range((int)(Convert.ToUInt64(Text(run, "start"), 16) / Page), (int)Number(run, "pages"));

    private void CompareContents(byte[] content, string dump)
    {
        string target = Path.Combine(_directory.FullName, "extracted");
        Assert.Equal((0, ""), Extract(Whole));
        Assert.Equal(content, File.ReadAllBytes(target));

        // What is there is not replaced unless that is asked for.
        Assert.NotEqual(0, Cli.Run("cache", "-s", dump, Partly, "--extract", target).ExitCode);
        Assert.Equal(content, File.ReadAllBytes(target));
        (int exitCode, string error) = Extract(Partly, "--force");
        Assert.Equal(1, exitCode);
        Assert.Contains("is not whole", error, StringComparison.Ordinal);
        byte[] partly = File.ReadAllBytes(target);
        Assert.Equal(content.Length, partly.Length);
        HashSet<int> there = [.. Runs(dump, Partly).Where(run => Text(run, "state") == "cached").SelectMany(Pages)];
        for (int page = 0; page * Page < content.Length; page++)
        {
            Range range = (page * Page)..Math.Min((page + 1) * Page, content.Length);
            Assert.True(there.Contains(page) ? partly[range].SequenceEqual(content[range]) : !partly[range].Any(b => b != 0), $"page {page}");
        }

        Assert.Equal(1, Extract(Part, "--force").ExitCode);
        Assert.Equal(new byte[123], File.ReadAllBytes(target));
        Assert.Equal((0, ""), Extract(Holes, "--force"));
        byte[] holes = new byte[100 * Page];
        content.AsSpan(0, 2 * Page).CopyTo(holes);
        content.AsSpan(40 * Page, 3 * Page).CopyTo(holes.AsSpan(40 * Page));
        Assert.Equal(holes, File.ReadAllBytes(target));

        (int ExitCode, string Error) Extract(string path, params string[] more)
        {
            Cli.Outcome outcome = Cli.Run(["cache", "-s", dump, path, "--extract", target, .. more]);
            return (outcome.ExitCode, outcome.Error);
        }
    }

    [GeneratedRegex(@"\[(?<its>\d+)\]", RegexOptions.None, 1000)]
    private static partial Regex InBrackets();

    [GeneratedRegex(@"^(?:\S+\s+){6}\d+ ?(?<its>.*)$", RegexOptions.None, 1000)]
    private static partial Regex UnixPath();
}
