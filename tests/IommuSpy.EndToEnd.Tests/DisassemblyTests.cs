using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Instructions in memory: as objdump reads the same bytes, each of them; and places that the kernel's tables name are what these say.</summary>
public sealed partial class DisassemblyTests : IDisposable
{
    private const int Many = 40_000;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public static TheoryData<string> Small => [.. Guests.All.Where(guest => guest.Memory.Bytes < 1L << 30).Select(guest => guest.Name)];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Small))]
    public void Instructions_are_those_that_objdump_reads(string guest)
    {
        JsonElement[] rows = Rows(guest, "schedule", "-n", $"{Many}");
        Assert.Equal(Many, rows.Length);
        string file = Path.Combine(_directory.FullName, "code");
        File.WriteAllBytes(file, [.. rows.SelectMany(row => Convert.FromHexString(Text(row, "content")!))]);
        string[] lines = HostTool.Run("objdump", "-D", "-b", "binary", "-m", "i386:x86-64", "--insn-width=16", $"--adjust-vma={Text(rows[0], "virtual")}", file)
            .Split('\n');
        Match[] theirs = [.. lines.Select(line => ObjdumpLine().Match(line)).Where(match => match.Success)];
        Assert.Equal(rows.Length, theirs.Length);
        for (int i = 0; i < rows.Length; i++)
        {
            string known = $"{Text(rows[i], "virtual")}: {Text(rows[i], "instruction")}; {theirs[i].Value}";
            Assert.True(Address(rows[i], "virtual") == Hex(theirs[i].Groups["address"].Value), known);
            Assert.True(Text(rows[i], "content") == theirs[i].Groups["bytes"].Value.Replace(" ", "", StringComparison.Ordinal), known);
            string spelled = theirs[i].Groups["text"].Value;
            Assert.True(Same(spelled) == Same(Text(rows[i], "instruction")!), known);

            // What is relative to the instruction's own place, objdump works out behind a #.
            if (spelled.Split("# 0x") is [string instruction, string target] && !instruction.Contains("%gs:", StringComparison.Ordinal))
            {
                Assert.True(Address(rows[i], "target") == Hex(target.Trim()), known);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Small))]
    public void Places_are_what_the_kernel_s_tables_say(string guest)
    {
        JsonElement[] rows = Rows(guest, "copy_process", "-n", $"{Many}");
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        foreach (JsonElement row in rows)
        {
            string bytes = Text(row, "content")!;
            foreach (string note in row.GetProperty("notes").EnumerateArray().Select(note => note.GetString()!))
            {
                string kind = note.Split(' ')[0];
                counts[kind] = counts.GetValueOrDefault(kind) + 1;
                bool isSo = kind switch
                {
                    // ud2.
                    "BUG" or "WARN" => bytes == "0f0b" && SourceLine().IsMatch(note),

                    // A no-operation of two or five bytes, or a jump.
                    "jump" => bytes is "6690" or "0f1f440000" || bytes[..2] is "eb" or "e9",
                    "ftrace" => bytes == "0f1f440000" || bytes.StartsWith("e8", StringComparison.Ordinal),

                    // A call, a jump, a no-operation, or what returns zero.
                    "static" => bytes.Length == 10,
                    _ => true,
                };
                Assert.True(isSo, $"{Text(row, "virtual")}: {bytes}: {note}");
            }
        }

        Assert.All(["WARN", "BUG", "jump", "ftrace", "after"], kind => Assert.True(counts.GetValueOrDefault(kind) > 0, kind));
    }

    [Fact]
    public void A_process_s_code_is_read_through_its_tables()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        string start = Cli.Run("maps", "-s", image, "--pid", "1", "--rights", "xu", "--jsonl").Lines
            .Select(line => Text(JsonDocument.Parse(line).RootElement, "virtual")!).First();
        JsonElement[] rows = Rows(Guests.All[0].Name, start, "--pid", "1", "-n", "8", "--intel");
        Assert.Equal(8, rows.Length);
        string bytes = string.Concat(rows.Select(row => Text(row, "content")));
        JsonElement read = JsonDocument.Parse(Cli.Run("read", "-s", image, "--pid", "1", start, "-n", $"{bytes.Length / 2}", "-J").Output).RootElement;
        Assert.Equal(Text(read, "content"), bytes);
        Assert.All(rows, row => Assert.Null(Text(row, "symbol")));
    }

    [Fact]
    public void The_address_that_was_asked_for_is_marked_in_its_function()
    {
        string image = Guests.Capture(Guests.All[0].Name).RamFile;
        Cli.Outcome whole = Cli.Run("dis", "-s", image, "schedule");
        Assert.StartsWith("=> ", whole.Lines[1], StringComparison.Ordinal);
        string third = whole.Lines[3].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        Cli.Outcome within = Cli.Run("dis", "-s", image, third);
        Assert.Equal(whole.Lines.Skip(2).Select(line => line[3..]), within.Lines.Skip(2).Select(line => line[3..]));
        Assert.Equal($"=> {third}", within.Lines.Single(line => line.StartsWith("=>", StringComparison.Ordinal))[..(3 + third.Length)]);
        Assert.Equal(2, Cli.Run("dis", "-s", image, "schedule", "-n", "0").ExitCode);

        Cli.Outcome data = Cli.Run("dis", "-s", image, "init_task", "-n", "2");
        Assert.Contains("cannot be executed", data.Error, StringComparison.Ordinal);
        Assert.Equal(1, Cli.Run("dis", "-s", image, "0xffff000000000000").ExitCode);
    }

    // Two spellings of one instruction: prefixes that only fill space, an operand that is always the same one, a factor of one.
    private static string Same(string text)
    {
        text = Spaces().Replace(text.Split('#')[0].Trim(), " ");
        text = Padding().Replace(text, "").Replace(",1)", ")", StringComparison.Ordinal).Replace("%es:(%rdi)", "(%rdi)", StringComparison.Ordinal)
            .Replace("(%dx)", "%dx", StringComparison.Ordinal);
        string[] words = text.Split(' ', 2);
        return words[0] switch
        {
            "monitor" or "mwait" => words[0],
            "imul" when words[1].Split(',') is [string factor, string from, string to] && from == to => $"imul {factor},{to}",
            "sar" or "shr" or "shl" or "rol" or "ror" or "sarl" or "shrl" or "shll" or "sarq" or "shrq" or "shlq" =>
                text.Replace(" $0x1,", " ", StringComparison.Ordinal),
            _ => text,
        };
    }

    private static JsonElement[] Rows(string guest, params string[] arguments)
    {
        Cli.Outcome outcome = Cli.Run(["dis", "-s", Guests.Capture(guest).RamFile, "--jsonl", .. arguments]);
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        return [.. outcome.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
    }

    private static string? Text(JsonElement row, string name) => row.GetProperty(name).GetString();

    private static ulong? Address(JsonElement row, string name) => Text(row, name) is string text ? Hex(text[2..]) : null;

    private static ulong Hex(string digits) => ulong.Parse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*(?<address>[0-9a-f]+):\t(?<bytes>(?:[0-9a-f]{2} )+)\s*\t(?<text>.*)$", RegexOptions.None, 1000)]
    private static partial Regex ObjdumpLine();

    [GeneratedRegex(@" at [\w./-]+:\d+$", RegexOptions.None, 1000)]
    private static partial Regex SourceLine();

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Spaces();

    [GeneratedRegex(@"^(?:(?:data16|cs|ds) )+(?=\w)", RegexOptions.None, 1000)]
    private static partial Regex Padding();
}
