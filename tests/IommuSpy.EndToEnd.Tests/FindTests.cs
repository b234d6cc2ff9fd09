using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Lab;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Searches of a guest's memory against a slow search of its RAM file, in every format; and across pages that lie apart.</summary>
public class FindTests
{
    [Theory]
    [InlineData("ram.raw")]
    [InlineData("dump.elf")]
    [InlineData("dump.kdump")]
    public void Every_place_in_the_RAM_file_is_found_in_order(string image)
    {
        Capture capture = Small();
        byte[] ram = File.ReadAllBytes(capture.RamFile);
        Assert.Equal(Slow(ram, "Linux version "u8), Places(Ask(capture, image, "Linux version ")));
        Assert.Equal(Slow(ram, [0x48, 0x8b, 0x05]).Take(5000), Places(Ask(capture, image, "hex:48 8b 05", "--limit", "5000")));
    }

    [Fact]
    public void A_pointer_to_a_task_leads_to_what_points_at_it()
    {
        string guest = Guests.All[0].Name;
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        KernelTask child = machine.Parts.Tasks.Required.Processes.First(task => task.Parent is > 1 && !task.IsKernelThread);
        JsonElement[] found = Ask(Guests.Capture(guest), "ram.raw", $"pointer:{child.Address}", "--limit", "0");
        byte[] ram = File.ReadAllBytes(Guests.Capture(guest).RamFile);
        Assert.Equal(Slow(ram, BitConverter.GetBytes(child.Address.Value)).Where(place => place % 8 == 0), Places(found));
        Assert.Contains(found, row => row.GetProperty("use").GetString()?.StartsWith("slab", StringComparison.Ordinal) == true
            && row.GetProperty("object").GetString()?.StartsWith("Live 0x", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void What_goes_over_the_border_of_two_pages_that_lie_apart_is_found_in_the_process_and_not_in_physical_memory()
    {
        string guest = Guests.All[0].Name;
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        (KernelTask process, ulong border) = Apart(machine);
        byte[] around = new byte[32];
        Assert.Equal(32, machine.Parts.UserSpace(process.Root).Read(new(border - 16), around));
        string pattern = $"hex:{Convert.ToHexStringLower(around)}";
        JsonElement[] inProcess = Ask(Guests.Capture(guest), "ram.raw", pattern, "--pid", $"{process.Pid}");
        Assert.Contains(inProcess, row => row.GetProperty("virtual").GetString() == $"0x{border - 16:x16}");
        Assert.All(inProcess, row => Assert.Equal(process.Pid, row.GetProperty("pid").GetInt32()));
        string behind = $"0x{border:x}-0x{border + 16:x}";
        Cli.Outcome narrow = Cli.Run("find", "-s", Guests.Capture(guest).RamFile, pattern, "--pid", $"{process.Pid}", "--range", behind);
        Assert.Equal(1, narrow.ExitCode);
    }

    [Theory]
    [InlineData("hex:4")]
    [InlineData("hex:??")]
    [InlineData("re:(")]
    [InlineData("u8:256")]
    [InlineData("u16:9..3")]
    [InlineData("pointer:no_such_symbol_at_all")]
    [InlineData("text:")]
    public void What_is_no_pattern_is_refused_in_a_line(string pattern)
    {
        Cli.Outcome answer = Cli.Run("find", "-s", Small().RamFile, pattern);
        Assert.Equal(2, answer.ExitCode);
        Assert.Single(answer.Error.TrimEnd('\n').Split('\n'));
    }

    private static Capture Small() => Guests.Capture(Guests.All.First(guest => guest.Memory.Bytes < 1L << 30).Name);

    private static JsonElement[] Ask(Capture capture, string image, string pattern, params string[] more)
    {
        Cli.Outcome answer = Cli.Run(["find", "-s", Path.Combine(capture.Directory, image), "--jsonl", pattern, .. more]);
        Assert.Equal(0, answer.ExitCode);
        return [.. answer.Lines.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("physical", out _))];
    }

    private static IEnumerable<ulong> Places(JsonElement[] rows) => rows.Select(row => Convert.ToUInt64(row.GetProperty("physical").GetString(), 16));

    private static List<ulong> Slow(byte[] ram, ReadOnlySpan<byte> needle)
    {
        List<ulong> places = [];
        for (int at = ram.AsSpan().IndexOf(needle), next = 0; next >= 0; at += next + 1)
        {
            places.Add((ulong)at);
            next = ram.AsSpan(at + 1).IndexOf(needle);
        }

        return places;
    }

    private static (KernelTask Process, ulong Border) Apart(Machine machine)
    {
        foreach (KernelTask process in machine.Parts.Tasks.Required.Processes.Where(task => task.Root is not null))
        {
            AddressSpace space = machine.Parts.UserSpace(process.Root);
            foreach (var area in machine.Parts.MemoryOf(process).Required.Areas)
            {
                for (ulong at = area.Start.Value + PageFrame.Size; at < area.End.Value; at += PageFrame.Size)
                {
                    byte[] around = new byte[32];
                    if (space.TryTranslate(new(at - PageFrame.Size), out PhysicalAddress before) && space.TryTranslate(new(at), out PhysicalAddress after)
                        && before.Value + PageFrame.Size != after.Value && space.Read(new(at - 16), around) == 32
                        && around.AsSpan(0, 16).ContainsAnyExcept((byte)0) && around.AsSpan(16).ContainsAnyExcept((byte)0))
                    {
                        return (process, at);
                    }
                }
            }
        }

        throw new InvalidOperationException("no process has two pages that lie apart");
    }
}
