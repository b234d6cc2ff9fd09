using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Linux.Modules;
using IommuSpy.Linux.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Linux.Types.Files;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Types out of a guest's memory, against what the guest itself shows in /sys/kernel/btf and what Debian's bpftool reads out of that.</summary>
public partial class TypesTests
{
    private const string NoTypes = "this kernel carries no types";

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_structure_is_as_bpftool_reads_the_guests_own_btf(string guest, string image)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), NoTypes);
        Machine machine = GuestMachine.Open(guest, image);
        BtfTypes types = Assert.IsType<BtfTypes>(machine.Parts.Objects.Required.Types);
        string[] oracle = Bpftool("dump", "file", BtfFile(guest, "vmlinux"));
        LineComparison.Equal(oracle, [.. Lines(types)]);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_structure_of_a_module_is_as_bpftool_reads_the_guests_own_btf(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        int compared = 0;
        foreach (KernelModule module in machine.Parts.Modules.Required.Modules)
        {
            string file = BtfFile(guest, module.Name);
            if (!File.Exists(file))
            {
                Assert.Null(module.Types);
                continue;
            }

            BtfTypes types = Assert.IsType<BtfTypes>(module.Types);
            string[] oracle = Bpftool("--base-btf", BtfFile(guest, "vmlinux"), "dump", "file", file);
            string[] ours = [.. Lines(types)];
            if (oracle.Length + ours.Length > 0)
            {
                LineComparison.Equal(oracle, ours);
                compared++;
            }
        }

        // Debian builds types into modules since 5.11.
        Assert.Equal(File.Exists(BtfFile(guest, "ext4")), compared > 5);
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void A_file_describes_the_same_types_as_memory_does(string guest)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), NoTypes);
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        KernelTypes file = TypeFile.Open(machine.Kernel, BtfFile(guest, "vmlinux"));
        string[] memory = [.. Lines(machine.Parts.Objects.Required.Types)];
        LineComparison.Equal(memory, [.. Lines(file)]);
        Assert.Equal(
            machine.Parts.Objects.Required.Types.Named.Select(type => $"{type} {type.Bytes}"),
            file.Named.Select(type => $"{type} {type.Bytes}"));
    }

    [Fact]
    public void Types_prints_what_the_structure_holds_in_memory()
    {
        string guest = Guests.All[0].Name;
        Assert.SkipUnless(GuestMachine.IsDescribed(guest), NoTypes);
        using JsonDocument described = Json("types", "task_struct", "-J");
        Assert.Equal("struct", described.RootElement.GetProperty("kind").GetString());
        JsonElement comm = described.RootElement.GetProperty("members").EnumerateArray().Single(member => member.GetProperty("name").GetString() == "comm");
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Field field = machine.Parts.Objects.Required.Types.Struct("task_struct").Field("comm");
        Assert.Equal($"0x{field.Offset:x}", comm.GetProperty("offset").GetString());
        Assert.Equal("char [16]", comm.GetProperty("type").GetString());

        using JsonDocument value = Json("types", "struct", "task_struct", "--at", "init_task", "-J");
        JsonElement[] members = [.. value.RootElement.GetProperty("members").EnumerateArray()];
        Assert.Equal("\"swapper/0\"", members.Single(member => member.GetProperty("name").GetString() == "comm").GetProperty("value").GetString());
        Assert.Equal("0", members.Single(member => member.GetProperty("name").GetString() == "pid").GetProperty("value").GetString());
        Assert.Equal("init_stack", members.Single(member => member.GetProperty("name").GetString() == "stack").GetProperty("symbol").GetString());
    }

    [Theory]
    [InlineData(0, "types", "list_head")]
    [InlineData(0, "types", "enum", "module_state")]
    [InlineData(0, "types", "u32")]
    [InlineData(0, "types", "pgprot_t")]
    [InlineData(0, "types", "*_bus_type")]
    [InlineData(0, "types", "module", "--jsonl")]
    [InlineData(1, "types", "no_such_type")]
    [InlineData(1, "types", "*no_such_type*")]
    [InlineData(3, "types", "page", "--types", "/no/such/file")]
    [InlineData(3, "types", "page", "--types", "/dev/null")]
    [InlineData(2, "types", "*", "--at", "init_task")]
    public void Types_answers_or_says_in_one_line_why_not(int exitCode, params string[] arguments)
    {
        Assert.SkipUnless(GuestMachine.IsDescribed(Guests.All[0].Name), NoTypes);
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Guests.Capture(Guests.All[0].Name).RamFile]);
        Assert.Equal(exitCode, outcome.ExitCode);
        Assert.Equal(exitCode == 0, outcome.Output.Length > 0);
        Assert.Equal(exitCode == 0 ? 0 : 1, outcome.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    /// <summary>
    /// "struct NAME size N", and below it " MEMBER bit N" or " MEMBER bit N of M" for a bit-field: every structure and union that has a name.
    /// </summary>
    private static IEnumerable<string> Lines(KernelTypes types)
    {
        foreach (StructType type in types.Named.OfType<StructType>())
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{(type.IsUnion ? "union" : "struct")} {type.Name} size {type.Bytes}");
            foreach (Member member in type.Members)
            {
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"  {member.Name} bit {member.BitOffset}{(member.BitSize > 0 ? $" of {member.BitSize}" : "")}");
            }
        }
    }

    /// <summary>The same lines out of "bpftool btf ... format raw".</summary>
    private static string[] Bpftool(params string[] arguments)
    {
        ProcessStartInfo start = new("bpftool",
            arguments[0] == "dump" ? ["btf", .. arguments, "format", "raw"] : [.. arguments[..2], "btf", .. arguments[2..], "format", "raw"])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip("bpftool is not installed here");
            return [];
        }

        List<string> lines = [];
        using (process)
        {
            bool inside = false;
            for (string? line = process.StandardOutput.ReadLine(); line is not null; line = process.StandardOutput.ReadLine())
            {
                if (line.StartsWith('['))
                {
                    Match holder = Holder().Match(line);
                    inside = holder.Success && holder.Groups["name"].Value != "(anon)";
                    if (inside)
                    {
                        lines.Add($"{(holder.Groups["kind"].Value == "UNION" ? "union" : "struct")} {holder.Groups["name"].Value} size "
                            + $"{holder.Groups["size"].Value}");
                    }
                }
                else if (inside && BtfMember().Match(line) is { Success: true } member)
                {
                    string name = member.Groups["name"].Value;
                    string size = member.Groups["size"].Value;
                    lines.Add($"  {(name == "(anon)" ? "" : name)} bit {member.Groups["bits"].Value}{(size.Length > 0 ? $" of {size}" : "")}");
                }
            }

            process.WaitForExit();
            Assert.Equal(0, process.ExitCode);
        }

        return [.. lines];
    }

    private static string BtfFile(string guest, string name) =>
        Path.Combine(Path.GetDirectoryName(Guests.Capture(guest).GuestOracle("kallsyms"))!, "btf", name);

    private static JsonDocument Json(params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run([.. arguments, "-s", Guests.Capture(Guests.All[0].Name).RamFile]);
        Assert.Equal("", outcome.Error);
        return JsonDocument.Parse(outcome.Output);
    }

    [GeneratedRegex(@"^\[\d+\] (?<kind>STRUCT|UNION) '(?<name>[^']*)' size=(?<size>\d+) ", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Holder();

    [GeneratedRegex(@"^\t'(?<name>[^']*)' type_id=\d+ bits_offset=(?<bits>\d+)(?: bitfield_size=(?<size>\d+))?$", RegexOptions.None,
        matchTimeoutMilliseconds: 1000)]
    private static partial Regex BtfMember();
}
