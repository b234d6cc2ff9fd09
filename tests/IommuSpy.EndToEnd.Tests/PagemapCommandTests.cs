using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Vmas;
using IommuSpy.Lab;
using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>pagemap, whole, against the guest's own: every bit of every page of every process.</summary>
public class PagemapCommandTests
{
    // Documentation/admin-guide/mm/pagemap.rst.
    private const int PresentBit = 63;
    private const int SwapBit = 62;
    private const int FileBit = 61;
    private const int GuardBit = 58;
    private const int WriteProtectedBit = 57;
    private const int ExclusiveBit = 56;
    private const int SoftDirtyBit = 55;
    private const int SwapTypeBits = 5;

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Every_bit_of_every_page_of_every_process_is_the_guests(string guest, string image)
    {
        Machine machine = GuestMachine.Open(guest, image);
        foreach (GuestProcess process in Guests.Capture(guest).Processes)
        {
            KernelTask task = machine.Parts.Tasks.Required.Find(process.Pid)!;
            (ulong Address, ulong Entry)[] theirs = [.. process.Pagemap()];
            HashSet<ulong> told = [.. theirs.Select(page => page.Address)];
            List<string> ours = [];
            IReadOnlyList<string> problems = PagemapList.Visit(machine, task, new(0), machine.Kernel.Space.LastUserAddress, (_, page) =>
            {
                if (told.Contains(page.Virtual.Value))
                {
                    ours.Add(Line(page));
                }
            });
            Assert.Empty(problems);
            LineComparison.Equal([.. theirs.Select(page => Line(page.Address, page.Entry))], ours);
        }
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_command_streams_them_with_the_documented_names(string guest)
    {
        GuestProcess process = Guests.Capture(guest).Processes.First(process => process.Name == "init");
        Cli.Outcome outcome = Cli.Run("pagemap", $"{process.Pid}", "-s", Guests.Capture(guest).RamFile, "--jsonl");
        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Error));
        (ulong Address, ulong Entry)[] theirs = [.. process.Pagemap()];
        HashSet<ulong> told = [.. theirs.Select(page => page.Address)];
        LineComparison.Equal([.. theirs.Select(page => Line(page.Address, page.Entry))], [.. outcome.Lines.Select(line =>
        {
            using JsonDocument row = JsonDocument.Parse(line);
            JsonElement page = row.RootElement;
            return new PagemapPage(
                new(Hex(page.GetProperty("virtual"))!.Value),
                page.GetProperty("present").GetBoolean(),
                Hex(page.GetProperty("physical")) is ulong physical ? new PhysicalAddress(physical) : null,
                page.GetProperty("swapType").ValueKind == JsonValueKind.Null ? null : page.GetProperty("swapType").GetInt32(),
                page.GetProperty("swapOffset").ValueKind == JsonValueKind.Null ? null : page.GetProperty("swapOffset").GetUInt64(),
                page.GetProperty("softDirty").GetBoolean(),
                page.GetProperty("exclusive").GetBoolean(),
                page.GetProperty("fileOrShared").GetBoolean(),
                page.GetProperty("writeProtected").GetBoolean(),
                page.GetProperty("guard").GetBoolean());
        }).Where(page => told.Contains(page.Virtual.Value)).Select(Line)]);
    }

    private static string Line(PagemapPage page) => Line(
        page.Virtual.Value,
        page.Physical is PhysicalAddress at ? $"0x{at.Value:x}"
            : page.Present ? "present" : page.SwapType is int type ? $"swap {type} 0x{page.SwapOffset:x}" : "none",
        page.SoftDirty, page.Exclusive == true, page.FileOrShared == true, page.WriteProtected, page.Guard);

    private static string Line(ulong address, ulong entry)
    {
        bool Is(int bit) => ((entry >> bit) & 1) != 0;
        ulong place = entry & ((1UL << SoftDirtyBit) - 1);
        string where = Is(PresentBit) ? $"0x{place << PageFrame.Shift:x}"
            : Is(SwapBit) ? $"swap {place & ((1UL << SwapTypeBits) - 1)} 0x{place >> SwapTypeBits:x}" : "none";
        return Line(address, where, Is(SoftDirtyBit), Is(ExclusiveBit), Is(FileBit), Is(WriteProtectedBit), Is(GuardBit));
    }

    private static string Line(ulong address, string where, bool softDirty, bool exclusive, bool file, bool writeProtected, bool guard) =>
        $"{address:x} {where}{(softDirty ? " soft-dirty" : "")}{(exclusive ? " exclusive" : "")}{(file ? " file" : "")}"
            + $"{(writeProtected ? " write-protected" : "")}{(guard ? " guard" : "")}";

    private static ulong? Hex(JsonElement element) =>
        element.ValueKind == JsonValueKind.Null ? null : ulong.Parse(element.GetString()!.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
