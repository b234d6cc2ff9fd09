using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// Whole commands on a guest's memory in which kernel pointers were changed: to themselves, to one another, to nothing, to garbage. Every command ends soon,
/// with an exit code that is documented and without a word of a crash.
/// </summary>
public sealed class DamagedMemoryTests : IDisposable
{
    private const int BlockBytes = 1 << 20;
    private static readonly TimeSpan Soon = TimeSpan.FromMinutes(1);

    // One kernel with linked VMAs, one with maple trees.
    private static readonly CaptureSpec[] Damaged =
        [.. new[] { "5.10", "6.12" }.Select(kernel => Guests.All.First(guest => guest.Kernel == kernel && guest.Memory.Bytes < 1L << 30))];

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-test-");

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>A guest, and one of how many kernel pointers is changed.</summary>
    public static TheoryData<string, int> Damages => [.. Damaged.SelectMany(guest => new[] { 20_000, 2_000, 200, 20 }.Select(oneOf => (guest.Name, oneOf)))];

    [Theory]
    [MemberData(nameof(Damages))]
    public void Every_command_survives_wild_pointers(string guest, int oneOf)
    {
        string damaged = Damage(GuestMachine.Open(guest, "ram.raw"), Guests.Capture(guest), oneOf);
        int pid = Guests.Capture(guest).Workload[0].Pid;
        ulong user = Guests.Capture(guest).Workload[0].Start;
        ulong kernel = GuestMachine.Open(guest, "ram.raw").Parts.Tasks.Required.Processes[^1].Address.Value;
        string[][] commands =
        [
            ["info"], ["roots"], ["layout"], ["ps"], ["ps", "--threads"], ["ps", "--tree"],
            ["vmas", $"{pid}"], ["pagemap", $"{pid}", "--jsonl"], ["translate", "--pid", $"{pid}", $"0x{user:x}"],
            ["explain", $"0x{user:x}"], ["explain", "--pid", $"{pid}", $"0x{user:x}"], ["explain", $"0x{kernel:x}"], ["who", $"0x{kernel:x}"],
            ["page", $"0x{kernel:x}"], ["pages", "--summary"], ["modules"], ["vmalloc"], ["slab"], ["slab", $"0x{kernel:x}"], ["buddy"], ["pci"],
            ["struct", "init_task.tasks", "--each", "task_struct.tasks", "--fields", "pid,comm,mm->pgd"],
            ["struct", "slab_caches", "--each", "kmem_cache.list"],
            ["types", "task_struct"], ["types", "task_struct", "--at", $"0x{kernel:x}"], ["ps", "--types", "infer"], ["vmas", $"{pid}", "--types", "infer"],
            ["modules", "--types", "infer"], ["vmalloc", "--types", "infer"], ["pci", "--types", "infer"], ["devices", "--types", "infer"],
            ["dmesg", "--faults"], ["memory"], ["find", $"pointer:0x{kernel:x}"], ["find", "--pid", $"{pid}", "hex:7f 45"], ["files"], ["mounts"], ["stack"],
            ["sockets"], ["sockets", $"{pid}"], ["cache"], ["cache", "/mnt/mapped-file"],
            ["cache", "/bin/busybox", "--extract", Path.Combine(_directory.FullName, "extracted"), "--force"], ["vms"],
            ["stack", "--group"], ["dis", "schedule"], ["iommu"], ["devices"], ["interrupts"], ["reach", $"0x{kernel:x}"], ["exposure"],
            ["sql", "SELECT count(owner), (SELECT sum(length(path)) FROM files) AS paths, (SELECT count(*) FROM maps_iova) AS reached FROM pages"],
            ["export", Path.Combine(_directory.FullName, "tables")],
            ["report", Path.Combine(_directory.FullName, "report.html"), "--force"],
        ];
        foreach (string[] command in commands)
        {
            Cli.Outcome outcome = Cli.Run([.. command, "-s", damaged]);
            string told = $"iommu-spy {string.Join(' ', command)}: "
                + $"exit {outcome.ExitCode}, {outcome.Time.TotalSeconds.ToString("f1", CultureInfo.InvariantCulture)} s, {outcome.Error}";
            Assert.True(outcome.ExitCode is 0 or 1 or 3, told);
            Assert.False(outcome.Error.Contains("   at ", StringComparison.Ordinal) || outcome.Error.Contains("Unhandled", StringComparison.Ordinal), told);
            Assert.True(outcome.Time < Soon, told);
        }
    }

    [Fact]
    public void A_name_without_end_and_with_control_characters_stays_one_line()
    {
        CaptureSpec guest = Damaged[1];
        Machine machine = GuestMachine.Open(guest.Name, "ram.raw");
        var task = machine.Parts.Tasks.Required.Processes[^1];
        Linux.Types.Field comm = machine.Parts.Objects.Required.Types.Struct("task_struct").Field("comm");
        Assert.True(machine.Kernel.Space.TryTranslate(task.Address + comm.Offset, out PhysicalAddress at));
        string copy = Path.Combine(_directory.FullName, "named.raw");
        File.Copy(Guests.Capture(guest.Name).RamFile, copy);
        using (FileStream file = File.OpenWrite(copy))
        {
            file.Position = (long)at.Value;
            file.Write("\e[2J\nab\r\u007f\0"u8[..(int)Math.Min(10, comm.Bytes)]);
            file.Write(Enumerable.Repeat((byte)'x', 32).ToArray());
        }

        Cli.Outcome text = Cli.Run("ps", "-s", copy);
        Assert.Equal(0, text.ExitCode);
        Assert.DoesNotContain('\e', text.Output);
        // A line each, the headings above them and their number below.
        Assert.Equal(1 + machine.Parts.Tasks.Required.Processes.Count + 1, text.Lines.Length);
        Cli.Outcome json = Cli.Run("ps", "-s", copy, "-J");
        using JsonDocument rows = JsonDocument.Parse(json.Output);
        Assert.Equal(machine.Parts.Tasks.Required.Processes.Count, rows.RootElement.GetProperty("rows").GetArrayLength());
    }

    // A copy in which of every so many words that point into the direct map one is changed. Page tables hold physical addresses, so they stay as they are.
    private string Damage(Machine machine, Capture capture, int oneOf)
    {
        ulong direct = machine.Kernel.Facts.PageOffsetBase!.Value.Value;
        ulong end = direct + machine.Kernel.Memory.Ranges[^1].Last.Value;
        string copy = Path.Combine(_directory.FullName, "damaged.raw");
        Random random = new(oneOf);
        ulong last = direct;
        byte[] block = new byte[BlockBytes];
        using FileStream from = File.OpenRead(capture.RamFile);
        using FileStream to = File.Create(copy);
        to.SetLength(from.Length);
        for (long at = 0; at < from.Length; at += block.Length)
        {
            from.Position = at;
            int read = from.ReadAtLeast(block, block.Length, throwOnEndOfStream: false);
            if (!block.AsSpan(0, read).ContainsAnyExcept((byte)0))
            {
                continue;
            }

            Span<ulong> words = MemoryMarshal.Cast<byte, ulong>(block.AsSpan(0, read));
            for (int i = 0; i < words.Length; i++)
            {
                if (words[i] < direct || words[i] > end)
                {
                    continue;
                }

                if (random.Next(oneOf) == 0)
                {
                    ulong self = direct + (ulong)at + ((ulong)i * sizeof(ulong));
                    words[i] = random.Next(6) switch
                    {
                        0 => 0,
                        1 => self,
                        2 => last,
                        3 => words[i] + 8,
                        4 => words[i] ^ (1UL << random.Next(64)),
                        _ => (ulong)random.NextInt64(),
                    };
                }
                else
                {
                    last = words[i];
                }
            }

            to.Position = at;
            to.Write(block, 0, read);
        }

        return copy;
    }
}
