using System.Globalization;
using System.Text.Json;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>
/// The running machine: what it says of itself from inside, beside what its memory says from outside right after, and what its own /proc says.
/// </summary>
public abstract class LiveSourceTests(LiveSourceGuest up)
{
    private static readonly string[] Facts =
    [
        "release", "banner", "pagingLevels", "kaslrOffset", "physicalBase", "pageOffsetBase", "vmallocBase", "vmemmapBase", "modulesBase", "imageStart",
        "imagePhysical", "imageBytes", "root",
        "symbolCount", "symbols", "disagreements",
    ];

    private RunningGuest Guest => up.Guest;

    /// <summary>On Linux 5.10.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class On510(LiveSourceGuest.Linux510 up) : LiveSourceTests(up), IClassFixture<LiveSourceGuest.Linux510>;

    /// <summary>On Linux 6.1.</summary>
    [Collection(GuestsThatAreUp.Name)]
    [Trait(GuestsThatAreUp.Trait, GuestsThatAreUp.More)]
    public sealed class On61(LiveSourceGuest.Linux61 up) : LiveSourceTests(up), IClassFixture<LiveSourceGuest.Linux61>;

    /// <summary>On Linux 6.12.</summary>
    [Collection(GuestsThatAreUp.Name)]
    public sealed class On612(LiveSourceGuest.Linux612 up) : LiveSourceTests(up), IClassFixture<LiveSourceGuest.Linux612>;

    [Fact]
    public void The_kernel_s_facts_are_those_of_its_memory()
    {
        (GuestOutcome inside, IReadOnlyList<string> outside) = up.Both("info -J");
        IReadOnlyDictionary<string, string> live = LiveSourceGuest.Values(inside.Output);
        IReadOnlyDictionary<string, string> image = LiveSourceGuest.Values(string.Join('\n', outside));
        Assert.Equal(Facts.Select(name => $"{name} {image[name]}"), Facts.Select(name => $"{name} {live[name]}"));
        Assert.Equal("\"running machine, /proc/kcore\"", live["format"]);
    }

    [Fact]
    public void Every_symbol_is_the_same()
    {
        string inside = Guest.Succeed("iommu-spy symbols | sha256sum").Output.Split(' ')[0];
        Assert.Equal(Hash(up.Outside("symbols")), inside);
    }

    [Fact]
    public void Processes_are_those_of_proc_and_of_its_memory()
    {
        string[] Stable(IEnumerable<string> lines)
        {
            return [.. lines.Select(line => JsonDocument.Parse(line).RootElement)
                .Where(row => row.GetProperty("pid").GetInt32() is int pid && Lasting(row.GetProperty("comm").GetString()!))
                .Select(row => $"{row.GetProperty("pid")} {row.GetProperty("parent")} {row.GetProperty("comm")} {row.GetProperty("root")}")];
        }

        (GuestOutcome inside, IReadOnlyList<string> outside) = up.Both("ps --jsonl");
        string[] live = Stable(inside.Lines);
        Assert.Equal(Stable(outside), live);
        string[] proc = [.. Guest.Succeed("for p in /proc/[0-9]*; do echo ${p#/proc/} $(cat $p/comm); done 2>/dev/null").Lines
            .Select(line => line.Split(' ', 2)).Where(words => words.Length == 2 && Lasting(words[1])).Select(words => words[0]).Order(StringComparer.Ordinal)];
        Assert.Equal(proc, live.Select(row => row.Split(' ')[0]).Where(pid => pid != "0").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_workload_s_mappings_are_those_of_its_memory()
    {
        (GuestOutcome inside, IReadOnlyList<string> outside) = up.Both($"vmas {up.Workload} --jsonl");
        Assert.Equal(outside, inside.Lines);
        (inside, outside) = up.Both($"maps --pid {up.Workload} --leaves --range 0-0x7fffffffffff --jsonl");
        Assert.Equal(outside, inside.Lines);
    }

    [Fact]
    public void What_is_inferred_answers_as_the_kernel_s_own_types_do()
    {
        foreach ((string command, string[] fields) in new[]
        {
            ($"vmas {up.Workload}", new[] { "start", "end", "rights", "offset", "dev", "inode", "path" }),
            ("pci", ["device", "vendorId", "deviceId", "classCode", "driver", "group"]), ("modules", ["name", "virtual", "bytes", "symbolCount"]),
        })
        {
            string[] Told(string types) =>
                [.. Guest.Succeed($"iommu-spy {command} --types {types} --jsonl").Lines.Select(line => JsonDocument.Parse(line).RootElement)
                .Select(row => string.Join(' ', fields.Select(field => row.GetProperty(field).ToString())))];
            Assert.Equal(Told("btf"), Told("infer"));
        }
    }

    [Fact]
    public void Every_page_of_the_workload_is_where_pagemap_says()
    {
        string pid = up.Workload;
        Dictionary<string, string> walks = Guest.Succeed(
                $"iommu-spy pagemap {pid} --used --jsonl | sed 's/.*\"virtual\":\"\\([^\"]*\\)\".*/\\1/' | "
                + $"{{ iommu-spy translate --pid {pid} --stdin --jsonl; [ $? -le 1 ]; }}").Lines
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(row => row.GetProperty("virtual").GetString()!,
                row => row.GetProperty("physical").GetString() ?? row.GetProperty("reason").GetString()!, StringComparer.Ordinal);
        int present = 0;
        List<string> moved = [];
        foreach (JsonElement page in Guest.Succeed($"iommu-spy pagemap {pid} --used --jsonl").Lines.Select(line => JsonDocument.Parse(line).RootElement))
        {
            string address = page.GetProperty("virtual").GetString()!;
            if (page.GetProperty("physical").GetString() is string physical)
            {
                present++;
                ulong frame = ulong.Parse(physical.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> 12;
                if (walks[address] != physical
                    && !walks[address].Contains($"PROT_NONE: no access, the page is still in memory, pfn 0x{frame:x}", StringComparison.Ordinal))
                {
                    moved.Add(address);
                }
            }
            else if (walks[address].StartsWith("0x", StringComparison.Ordinal))
            {
                moved.Add(address);
            }
        }

        // The kernel moves pages to make room for large ones. Those that it moved between the two lists are looked at once more, by both at once.
        Assert.True(moved.Count < present / 100, $"{moved.Count} of {present} pages differ: {string.Join(' ', moved)}");
        Assert.All(moved,
            address => Assert.Contains(": the same", Guest.Run($"iommu-spy translate --pid {pid} --check {address}").Output, StringComparison.Ordinal));
        Assert.True(present > 4000, $"{present} pages");
    }

    [Fact]
    public void One_page_is_checked_against_pagemap()
    {
        string[] words = Guest.Succeed("grep '^anonymous ' /run/workload | head -n 1").Output.Trim().Split(' ');
        GuestOutcome outcome = Guest.Succeed($"iommu-spy translate --pid {words[3]} --check {words[1]}");
        Assert.Contains(outcome.Lines, line => line.Contains("check ", StringComparison.Ordinal) && line.EndsWith(": the same", StringComparison.Ordinal));
        string physical = outcome.Lines[0].Split("->")[1].Trim();
        Assert.StartsWith($"0x{Convert.ToUInt64(words[1], 16):x16}  {physical}  ", Guest.Succeed($"iommu-spy va2pa {words[3]} {words[1]}").Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_and_their_mappings_are_those_of_its_memory()
    {
        (GuestOutcome inside, IReadOnlyList<string> outside) = up.Both("devices --jsonl");
        Assert.Equal(outside.Select(WithoutNames), inside.Lines.Select(WithoutNames));
        foreach (string device in inside.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("device").GetString()!))
        {
            GuestOutcome maps = Guest.Run($"iommu-spy maps --device {device} --jsonl");
            Assert.True(maps.ExitCode is 0 or 1, maps.Error);
            Assert.Equal(Outside(device), maps.Lines);
        }

        // What maps nothing is exit code 1.
        IReadOnlyList<string> Outside(string device)
        {
            Guest.Stop();
            try
            {
                return Cli.Run("maps", "--device", device, "--jsonl", "-s", Guest.RamFile).Lines;
            }
            finally
            {
                Guest.Continue();
            }
        }
    }

    [Fact]
    public void The_kernel_s_own_word_is_a_witness_of_the_iommu()
    {
        GuestOutcome outcome = Guest.Succeed("iommu-spy iommu");
        Assert.Contains("/sys/class/iommu/", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("ACPI ", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("scan of memory", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_are_those_of_kpageflags()
    {
        ulong counted = Guest.Succeed("iommu-spy pages --live --summary -J").Output is string json
            ? JsonDocument.Parse(json).RootElement.GetProperty("pages").GetUInt64() : 0;
        ulong nopage =
            (ulong)Guest.Succeed("od -A n -v -t x8 -w8 /proc/kpageflags | grep -c '^ 0000000000100000$' || true").Lines.Sum(line =>
                long.Parse(line, CultureInfo.InvariantCulture));
        ulong all = ulong.Parse(Guest.Succeed("od -A n -v -t x8 -w8 /proc/kpageflags | wc -l").Output.Trim(), CultureInfo.InvariantCulture);
        Assert.Equal(all - nopage, counted);
    }

    [Fact]
    public void What_is_acquired_says_outside_what_the_machine_says_inside()
    {
        string processes = Guest.Succeed("iommu-spy ps --jsonl").Output;
        string symbols = Guest.Succeed("iommu-spy symbols | sha256sum").Output.Split(' ')[0];
        Guest.Run("iommu-spy acquire - 2>/tmp/acquire | dd of=$DISK bs=1M iflag=fullblock oflag=direct 2>/dev/null; sync", limit: TimeSpan.FromMinutes(5));
        string report = Guest.Succeed("cat /tmp/acquire").Output;
        Assert.StartsWith("-: elf, ", report, StringComparison.Ordinal);
        Guest.Stop();
        try
        {
            Cli.Outcome ps = Cli.Run("ps", "--jsonl", "-s", Guest.DiskFile);
            Assert.Equal(Lasting(processes.Split('\n')), Lasting(ps.Lines));
            Assert.Equal(symbols, Hash(Cli.Run("symbols", "-s", Guest.DiskFile).Lines));
            string iommu = Cli.Run("iommu", "-s", Guest.DiskFile).Output;
            Assert.Contains("/sys/class/iommu/", iommu, StringComparison.Ordinal);
            TestContext.Current.SendDiagnosticMessage($"{Guest.Release}: {ComparePages()}");
        }
        finally
        {
            Guest.Continue();
        }
    }

    [Fact]
    public void What_was_interrupted_goes_on_and_is_hashed_whole()
    {
        Guest.Succeed("mkdir -p /tmp/acquired && mount -t tmpfs -o size=100% tmpfs /tmp/acquired");
        try
        {
            // Of a file that is an image itself, which does not change meanwhile: the kernel's text.
            string line =
                Guest.Succeed("cd /tmp/acquired; dd if=/dev/zero of=ram bs=1M count=16 2>/dev/null; iommu-spy acquire copy.lime -s ram --format lime "
                    + "--ram-split 0; sha256sum copy.lime").Lines[^1];
            Assert.Contains(line.Split(' ')[0], Guest.Succeed("cd /tmp/acquired; iommu-spy acquire copy2.lime -s ram --format lime --ram-split 0 -J").Output,
                StringComparison.Ordinal);
            Assert.Equal("-rw-------", Guest.Succeed("ls -l /tmp/acquired/copy.lime").Output.Split(' ')[0]);
            Assert.Contains("nothing to go on with", Guest.Refuse(3, "iommu-spy acquire /tmp/acquired/none.elf --resume --format lime"),
                StringComparison.Ordinal);
        }
        finally
        {
            Guest.Succeed("umount /tmp/acquired");
        }
    }

    [Fact]
    public void An_ordinary_user_is_told_in_one_line_what_is_missing()
    {
        foreach (string command in new[] { "info", "ps", "explain 0x1000", "devices", "iommu", "symbols", "read --physical 0x1000", "acquire /tmp/x.elf",
            "pages", "info -s kcore", "info -s devmem", "pages --live" })
        {
            Assert.Contains("sudo", Guest.Refuse(3, $"iommu-spy {command}", RunningGuest.OrdinaryUser), StringComparison.Ordinal);
        }

        Assert.Contains("sudo", Guest.Refuse(1, "iommu-spy va2pa 1 0x1000", RunningGuest.OrdinaryUser), StringComparison.Ordinal);
        GuestOutcome own = Guest.Run("iommu-spy pagemap $$ --used", RunningGuest.OrdinaryUser);
        Assert.Equal(0, own.ExitCode);
        Assert.Contains("CAP_SYS_ADMIN", Assert.Single(own.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(0, Guest.Run("iommu-spy doctor", RunningGuest.OrdinaryUser).ExitCode);
    }

    [Fact]
    public void The_doctor_finds_kcore_working_and_dev_mem_restricted()
    {
        using JsonDocument report = JsonDocument.Parse(Guest.Succeed("iommu-spy doctor -J").Output);
        Dictionary<string, string> states = report.RootElement.GetProperty("lines").EnumerateArray()
            .ToDictionary(line => line.GetProperty("name").GetString()!, line => line.GetProperty("state").GetString()!, StringComparer.Ordinal);
        Assert.Equal("works", states["/proc/kcore"]);
        Assert.Equal("missing", states["/dev/mem"]);
        Assert.Equal("works", states["IOMMU"]);
        Assert.Equal("works", states["/proc/PID/pagemap"]);
    }

    // Pages of the acquired image beside the stopped guest's, which went on meanwhile: what does not change has to be the same.
    private string ComparePages()
    {
        IReadOnlyDictionary<string, string> facts = LiveSourceGuest.Values(Cli.Run("info", "-J", "-s", Guest.DiskFile).Output);
        ulong image = Hex(facts["imagePhysical"]);
        string converted = Guest.DiskFile + ".raw";
        Assert.Equal(0, Cli.Run("convert", Guest.DiskFile, converted, "--format", "raw").ExitCode);
        try
        {
            using FileStream acquired = File.OpenRead(converted);
            using FileStream now = new(Guest.RamFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            byte[] one = new byte[4096];
            byte[] other = new byte[4096];
            int pages = 0;
            int differing = 0;
            int text = 0;
            for (long at = 0; at + 4096 <= acquired.Length; at += 4096)
            {
                acquired.Position = now.Position = at;
                acquired.ReadExactly(one);
                now.ReadExactly(other);
                pages++;
                if (!one.AsSpan().SequenceEqual(other))
                {
                    differing++;
                    text += (ulong)at >= image && (ulong)at < image + (4 << 20) ? 1 : 0;
                }
            }

            Assert.Equal(0, text);
            Assert.True(differing < pages / 4, $"{differing} of {pages} pages differ");
            return $"{differing} of {pages} acquired pages differ from the memory right after";
        }
        finally
        {
            File.Delete(converted);
        }
    }

    // The guest has no pci.ids.
    private static string WithoutNames(string row) => string.Join(
        ' ', JsonDocument.Parse(row).RootElement.EnumerateObject().Where(property => property.Name is not ("vendorName" or "deviceName" or "className"))
            .Select(property => $"{property.Name}={property.Value.GetRawText()}"));

    private static ulong Hex(string json) => ulong.Parse(json.Trim('"').AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static string Hash(IEnumerable<string> lines) =>
        Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Select(line => line + '\n')))));

    // The kernel's workers come and go; so does whoever looks.
    private static bool Lasting(string name) =>
        !name.StartsWith("kworker", StringComparison.Ordinal) && name is not ("iommu-spy" or "sh" or "cat" or "dd" or "sync" or "sed" or "od");

    private static string[] Lasting(IEnumerable<string> rows) =>
    [
        .. rows.Where(row => row.Length > 0).Select(row => JsonDocument.Parse(row).RootElement).Where(row => Lasting(row.GetProperty("comm").GetString()!))
            .Select(row => $"{row.GetProperty("pid")} {row.GetProperty("comm")} {row.GetProperty("root")}"),
    ];
}
