using System.Globalization;
using System.Text;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Pages;
using IommuSpy.Analysis.VirtualMachines;
using IommuSpy.Lab;
using IommuSpy.Linux.Kvm;
using IommuSpy.Linux.Tasks;
using IommuSpy.Memory;
using IommuSpy.Memory.Views;
using IommuSpy.Translation;
using Capture = IommuSpy.Lab.Capture;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// A host of virtual machines, against what the program that made them printed (slots, CPUs, marked pages) and against the pagemap that the host's kernel
/// shows of that program: every slot and every page.
/// </summary>
public sealed class VirtualMachinesTests : IDisposable
{
    private const ulong Present = 1UL << 63;
    private const ulong FrameMask = (1UL << 55) - 1;
    private const int MarkAt = 0xff0;
    private const ulong NoMark = ulong.MaxValue;
    private const ulong AliasStart = 0x8000_0000;

    private static readonly CaptureSpec Guest = new()
    {
        Kernel = "6.1",
        Iommu = IommuModel.Amd,
        PagingLevels = 4,
        Memory = MemorySize.Mebibytes(512),
        VirtualMachines = true,
    };

    private static readonly Lazy<Capture> Captured =
        new(() => Captures.Ensure(Guest, line => TestContext.Current.SendDiagnosticMessage($"lab: {line}")));

    private static readonly Lazy<string[][]> Printed = new(() =>
    [
        .. File.ReadLines(Captured.Value.Oracle("serial.log"), Encoding.Latin1).Where(line => line.StartsWith("lab: machine ", StringComparison.Ordinal))
            .Select(line => line.TrimEnd().Split(' ')[2..])
            .Where(words => words.Length > 1),
    ]);

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("iommu-spy-vms-");

    public static TheoryData<string> Images => ["ram.raw", "dump.elf", "dump.kdump"];

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [MemberData(nameof(Images))]
    public void Machines_slots_and_CPUs_are_those_that_were_made(string image)
    {
        using Machine host = Open(image);
        VirtualMachineList list = host.Parts.VirtualMachines.Required;
        Assert.Empty(list.Damage);
        Assert.All(list.Machines, machine => Assert.Empty(machine.Damage));
        string[] expected =
            [.. Printed.Value.Where(words => words[1] is not ("pages" or "said")).Select(words => string.Join(' ', words)).Order(StringComparer.Ordinal)];
        Assert.Equal(3 + 8 + 3, expected.Length);
        Assert.Equal(expected, list.Machines.SelectMany(Lines).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_page_is_where_the_process_has_it()
    {
        using Machine host = Open("ram.raw");
        int compared = 0;
        foreach (VirtualMachine machine in host.Parts.VirtualMachines.Required.Machines)
        {
            GuestMemory memory = GuestMemory.Of(host.Parts, machine);
            Assert.True(memory.IsWhole);
            Dictionary<ulong, ulong> pagemap = PagemapOf(machine);
            Dictionary<ulong, string> kinds = KindsOf(machine);
            Assert.Equal(machine.Name is "linux", kinds.Count == 0);
            foreach (MemorySlot slot in machine.OwnSlots)
            {
                for (ulong at = 0; at < slot.Bytes; at += PageFrame.Size)
                {
                    PhysicalAddress gpa = slot.Start + at;
                    ulong entry = pagemap[slot.User.Value + at];
                    MemoryPiece piece = memory.At(gpa)!.Value;
                    PhysicalAddress? source = piece.Source + (gpa.Value - piece.Range.Start.Value);
                    if ((entry & Present) != 0)
                    {
                        Assert.Equal(entry & FrameMask, source?.Frame.Number);
                    }
                    else
                    {
                        // What pagemap does not know of shared memory, what was printed tells.
                        string kind = kinds.GetValueOrDefault(gpa.Value) ?? "untouched";
                        Assert.Equal((kind is "dropped", kind is "swapped"), (source is not null, piece.Absence is not null));
                    }

                    compared++;
                }
            }
        }

        Assert.Equal((12 + 112 + 1) << 8, compared);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_mark_is_at_its_guest_physical_address(string image)
    {
        Dictionary<string, int> counts = [];
        foreach (string name in (string[])["marked", "spinning"])
        {
            using Machine host = Open(image);
            GuestPlace place = GuestPlace.Of(host, name);
            PhysicalMemory memory = place.Image().Layouts[0].Memory;
            foreach ((ulong gpa, string kind) in KindsOf(place.Guest))
            {
                byte[] page = new byte[PageFrame.Size];
                int read = memory.Read(new(gpa), page);
                counts[kind] = counts.GetValueOrDefault(kind) + 1;
                if (kind == "swapped")
                {
                    Assert.Equal(0, read);
                    Assert.Contains("swapped out", memory.AbsenceOf(new(gpa)), StringComparison.Ordinal);
                    continue;
                }

                Assert.Equal(PageFrame.Size, read);
                if (kind is "marked" or "dropped" or "alias")
                {
                    ulong its = kind == "alias" ? gpa - AliasStart : gpa;
                    Assert.Equal(IsPrivate(its) ? NoMark : its, Mark(page));
                }
                else
                {
                    Assert.Equal(-1, page.AsSpan().IndexOfAnyExcept((byte)0));
                }
            }
        }

        // 912 pages of the first slot and 240 of the other machine, those of huge pages, and of the read-only and the logged slot.
        Assert.Equal((912 + 240 + 1024 + 128 + 128, 64, 64, 256), (counts["marked"], counts["dropped"], counts["swapped"], counts["alias"]));
    }

    [Fact]
    public void Nested_tables_and_the_process_lead_to_the_same_pages()
    {
        using Machine host = Open("ram.raw");
        foreach (VirtualMachine machine in host.Parts.VirtualMachines.Required.Machines)
        {
            GuestPlace place = new(host, machine, GuestMemory.Of(host.Parts, machine));
            Dictionary<ulong, string> kinds = KindsOf(machine);
            Assert.Equal(host.Kernel.Mode.Levels, machine.Nested!.Levels);

            // From the tables: nothing outside of slots, and the process's page each.
            LeafList leaves = new([]);
            machine.Nested.In(host.Kernel.Memory).Visit(ref leaves);
            HashSet<ulong> mapped = [];
            foreach ((ulong gpa, ulong physical, ulong bytes) in leaves.Leaves)
            {
                for (ulong at = 0; at < bytes; at += PageFrame.Size)
                {
                    HostPageReport page = HostPageReport.Of(place, new(gpa + at));
                    Assert.Equal(new PhysicalAddress(physical + at), page.Physical);
                    Assert.True(page.Agrees);
                    Assert.True(mapped.Add(gpa + at));
                }
            }

            // From the memory: all that the guest has touched and that was not taken from it since.
            ulong[] touched = [.. kinds.Where(page => page.Value is "marked" or "read" or "alias").Select(page => page.Key)];
            Assert.Subset(mapped, touched.ToHashSet());
            Assert.True(touched.Length > 200 || (machine.Name is "linux" && mapped.Count > 10_000));
            Assert.DoesNotContain(kinds, page => page.Value is "swapped" or "dropped" or "given-back" or "unused" && mapped.Contains(page.Key));

            // From the host's page to every address that it has in the machine.
            foreach (ulong gpa in touched)
            {
                PhysicalAddress physical = HostPageReport.Of(place, new(gpa)).Physical!.Value;
                IReadOnlyList<GuestPageReport> guests = GuestPageReport.Of(host, physical + 0x123);
                Assert.True(guests.Any(guest => guest.Gpa.Value == gpa + 0x123 && guest.Pid == machine.Process!.Pid) || guests.Count == 64, $"{gpa:x}");
            }
        }
    }

    [Fact]
    public void A_read_only_slot_is_mapped_without_the_right_to_write()
    {
        using Machine host = Open("ram.raw");
        GuestPlace place = GuestPlace.Of(host, "marked");
        HostPageReport page = HostPageReport.Of(place, new(0xc000_0000));
        Assert.Equal(("r-x", 2), (page.NestedRights, page.Slot));
        Assert.Equal(["read-only"], page.SlotFlags);
        Assert.Equal("rwx", HostPageReport.Of(place, new(0x1_0000_0000)).NestedRights);
        Assert.Equal(2UL << 20, HostPageReport.Of(place, new(0x1_0000_0000)).NestedPageSize);
    }

    [Fact]
    public void A_page_of_the_host_names_every_address_that_it_has_in_the_guest()
    {
        using Machine host = Open("ram.raw");
        VirtualMachine machine = host.Parts.VirtualMachines.Required.Machines[0];
        GuestPlace place = GuestPlace.Of(host, $"{machine.Process!.Pid}");
        PageReport page = PageReport.Of(host, HostPageReport.Of(place, new(0x3000)).Physical!.Value.Frame);
        Assert.Equal([0x3000UL, 0x8000_3000UL], page.Guests.Select(guest => guest.Gpa.Value));
        Assert.Equal([0, 3], page.Guests.Select(guest => guest.Slot));
        Assert.Null(page.NestedTable);
        PageReport table = PageReport.Of(host, machine.Nested!.Root.Frame);
        Assert.Empty(table.Guests);
        Assert.Equal((machine.ToString(), 4, "PML4"), (table.NestedTable!.Machine, table.NestedTable.Level, table.NestedTable.Table));
    }

    [Fact]
    public void Registers_of_a_CPU_that_runs_a_guest_are_said_to_be_the_guests()
    {
        using Machine host = Open("dump.elf");
        InfoReport info = InfoReport.Of(host);
        VirtualMachine spinning = host.Parts.VirtualMachines.Required.Machines.Single(machine => machine.Name == "spinning");
        Assert.Equal([null, $"CPU 0 of {spinning}"], info.Cpus.Select(cpu => cpu.Guest));
        Assert.Equal(0x11000UL, info.Cpus[1].Cr3?.Value);
        Assert.Contains("the registers of CPU 0 of spinning", Cli.Run("info", "-s", Path("dump.elf")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_kernel_in_a_machine_is_what_it_says_of_itself(string image)
    {
        using Machine host = Open(image);
        using Machine guest = host.OpenGuest("linux");
        Assert.Equal(guest.Kernel.Facts.Release.Value, Assert.Single(Said("release")));

        // All symbols, as /proc/kallsyms prints them: the hash of it is as inner.c takes it.
        ulong hash = 0xcbf29ce484222325;
        foreach (byte each in guest.Symbols!.SelectMany(symbol => Encoding.UTF8.GetBytes($"{symbol}\n")))
        {
            hash = (hash ^ each) * 0x100000001b3;
        }

        Assert.Equal($"{guest.Symbols!.Count} {hash:x16}", Assert.Single(Said("kallsyms")));

        // /proc has longer names for kernel threads than their tasks, and says of workers what they work at; those come and go.
        static string Short(string line) =>
            line.Split(" (") is [string pid, string name] ? $"{pid} ({name.TrimEnd(')')[..Math.Min(15, name.Length - 1)]})" : line;
        static bool IsWorker(string line) => line.Contains("(kworker/", StringComparison.Ordinal);
        KernelTask init = guest.Parts.Tasks.Required.Find(1)!;
        Assert.Equal(
            Said("process").Where(line => !IsWorker(line)).Select(Short),
            guest.Parts.Tasks.Required.Processes.Select(process => $"{process.Pid} ({process.Comm})").Where(line => !IsWorker(line)));
        Assert.Equal(
            Said("area").Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))),
            guest.Parts.MemoryOf(init).Required.Areas.Select(area =>
                $"{area.Start.Value:x8}-{area.End.Value:x8} {area.Rights} {area.Offset:x8} "
                    + $"{area.File?.DeviceText ?? "00:00"} {area.File?.Inode ?? 0} {area.Name}".TrimEnd()));
    }

    [Fact]
    public void A_process_in_a_machine_has_the_pages_that_its_kernel_says()
    {
        using Machine host = Open("ram.raw");
        using Machine guest = host.OpenGuest("linux");
        KernelTask init = guest.Parts.Tasks.Required.Find(1)!;
        AddressSpace space = guest.Kernel.SpaceOf(init.Root!.Value);
        Dictionary<ulong, ulong> expected = Said("page").Select(line => line.Split(' ')).Where(words => (Hex(words[1]) & Present) != 0)
            .ToDictionary(words => Hex(words[0]), words => Hex(words[1]) & FrameMask);
        Assert.True(expected.Count > 400);
        LeafList leaves = new([]);
        space.Visit(new VirtualAddress(0), space.LastUserAddress, ref leaves);

        // What the kernel gives to all, pagemap does not show: the page with its clock.
        Dictionary<ulong, ulong> found = leaves.Leaves.SelectMany(leaf =>
            Enumerable.Range(0, (int)(leaf.Bytes >> PageFrame.Shift)).Select(i => (leaf.Gpa + ((ulong)i << 12), (leaf.Physical >> 12) + (ulong)i)))
            .ToDictionary(page => page.Item1, page => page.Item2);
        Assert.Equal(expected.OrderBy(page => page.Key), found.Where(page => expected.ContainsKey(page.Key)).OrderBy(page => page.Key));
        Assert.All(found.Keys.Except(expected.Keys), page => Assert.Contains(Said("area"), line =>
            (line.Contains("[vvar]", StringComparison.Ordinal) || line.Contains("[vdso]", StringComparison.Ordinal))
            && Hex(line.Split('-')[0]) <= page && page < Hex(line.Split('-', ' ')[1])));

        // What it wrote, through both machines' tables.
        byte[] text = new byte[8];
        ulong marked = Hex(Said("area").Single(line => line.EndsWith(' ') && Hex(line.Split('-', ' ')[1]) - Hex(line.Split('-')[0]) == 1 << 20).Split('-')[0]);
        for (ulong page = marked; page < marked + (1 << 19); page += PageFrame.Size)
        {
            Assert.Equal(8, space.Read(new(page), text));
            Assert.Equal("INNERGST", Encoding.ASCII.GetString(text));
            Assert.True(HostPageReport.Of(guest.Place!, new(expected[page] << PageFrame.Shift)).Agrees);
        }
    }

    [Fact]
    public void Commands_look_into_a_machine_by_pid_and_by_name()
    {
        Cli.Outcome list = Cli.Run("vms", "-s", Path("ram.raw"), "-J");
        Assert.Equal(("", 0), (list.Error, list.ExitCode));
        using JsonDocument rows = JsonDocument.Parse(list.Output);
        JsonElement marked = rows.RootElement.GetProperty("rows")[0];
        Assert.Equal("marked", marked.GetProperty("name").GetString());
        int pid = marked.GetProperty("pid").GetInt32();
        Assert.Equal("494f5350", Cli.Run("read", "-s", Path("ram.raw"), "--vm", "marked", "--physical", "0x100000ff0", "-n", "4", "-J").Output
            .Split("\"content\": \"")[1][..8]);
        Cli.Outcome there = Cli.Run("translate", "-s", Path("ram.raw"), "--vm", $"{pid}", "--gpa", "0x100000000");
        Assert.Equal(("", 0), (there.Error, there.ExitCode));
        Assert.Contains("2 MiB page", there.Output, StringComparison.Ordinal);
        Cli.Outcome swapped = Cli.Run("translate", "-s", Path("ram.raw"), "--vm", $"{pid}", "--gpa", "0x300000");
        Assert.Equal(1, swapped.ExitCode);
        Assert.Contains("swapped out by the host", swapped.Output, StringComparison.Ordinal);
        Cli.Outcome nobody = Cli.Run("info", "-s", Path("ram.raw"), "--vm", "nobody");
        Assert.Equal(1, nobody.ExitCode);
        Assert.Contains("there is marked[", nobody.Error, StringComparison.Ordinal);
        Cli.Outcome inside = Cli.Run("explain", "-s", Path("dump.kdump"), "--vm", "linux", "init_task");
        Assert.Equal(("", 0), (inside.Error, inside.ExitCode));
        Assert.Contains("in host", inside.Output, StringComparison.Ordinal);
        Assert.Contains("of linux[", inside.Output, StringComparison.Ordinal);
        foreach (string command in (string[])["info", "ps", "vmas", "symbols", "layout", "maps", "roots", "dmesg", "pages --summary", "memory", "vms", "files"])
        {
            Cli.Outcome outcome = Cli.Run([.. command.Split(' '), "-s", Path("ram.raw"), "--vm", "linux"]);
            Assert.Equal(("", 0), (outcome.Error, outcome.ExitCode));
        }

        Cli.Outcome empty = Cli.Run("info", "-s", Path("ram.raw"), "--vm", "marked");
        Assert.Equal(1, empty.ExitCode);
        Assert.Contains("no Linux kernel found", empty.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("raw")]
    [InlineData("elf")]
    [InlineData("kdump")]
    public void A_machine_is_written_as_an_image(string format)
    {
        string written = System.IO.Path.Combine(_directory.FullName, "guest");
        Cli.Outcome done = Cli.Run("convert", "-s", Path("dump.kdump"), written, "--vm", "spinning", "--format", format);
        Assert.Equal(0, done.ExitCode);
        using MemoryImage image = MemoryImage.Open(written);
        using Machine host = Open("ram.raw");
        foreach ((ulong gpa, string kind) in KindsOf(host.Parts.VirtualMachines.Required.Machines.Single(machine => machine.Name == "spinning")))
        {
            byte[] page = new byte[PageFrame.Size];
            Assert.Equal(PageFrame.Size, image.Layouts[0].Memory.Read(new(gpa), page));
            Assert.Equal(gpa, Mark(page));
        }
    }

    // The guest's own tables and program, which have no mark.
    private static bool IsPrivate(ulong gpa) => gpa is >= 0x10000 and < 0x20000;

    private static string Path(string image) => System.IO.Path.Combine(Captured.Value.Directory, image);

    private static Machine Open(string image) => Machine.Open(Path(image));

    private static ulong Mark(byte[] page) =>
        Encoding.ASCII.GetString(page, MarkAt, 8) == "IOSPYVM1" ? BitConverter.ToUInt64(page, MarkAt + 8) : NoMark;

    // As lab/guest/hypervisor.c prints them. One that runs is not asked there, and here it may be anywhere in its loop.
    private static IEnumerable<string> Lines(VirtualMachine machine)
    {
        int pid = machine.Process!.Pid;
        yield return $"{pid} {machine.Name} vcpus {machine.Cpus.Count}";
        foreach (MemorySlot slot in machine.Slots)
        {
            yield return $"{pid} slot {slot.Number} space {slot.Space} flags {slot.Flags:x} "
                + $"gpa {slot.Start.Value:x} bytes {slot.Bytes:x} hva {slot.User.Value:x}";
        }

        foreach (VirtualCpu cpu in machine.Cpus)
        {
            ulong rip = cpu.IsInGuest ? 0x1a000 : cpu.Registers.InstructionPointer!.Value.Value;
            // What was not printed: of a Linux it is anything.
            if (machine.Name is "linux")
            {
                continue;
            }

            yield return $"{pid} vcpu {cpu.Number} cr3 {cpu.Registers.Find("CR3"):x} rip {rip:x} state {(cpu.IsInGuest ? "running" : "halted")}";
        }
    }

    private static string[] Said(string what) =>
    [
        .. File.ReadLines(Captured.Value.Oracle("serial.log"), Encoding.Latin1).Select(line => line.TrimEnd('\r').Split($" said {what} ", 2))
            .Where(parts => parts.Length == 2 && parts[0].StartsWith("lab: machine ", StringComparison.Ordinal)).Select(parts => parts[1]),
    ];

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static Dictionary<ulong, ulong> PagemapOf(VirtualMachine machine) =>
        Captured.Value.Processes.Single(process => process.Pid == machine.Process!.Pid).Pagemap().ToDictionary(page => page.Address, page => page.Entry);

    // What was printed of each page: its guest-physical address, and what became of it.
    private static Dictionary<ulong, string> KindsOf(VirtualMachine machine)
    {
        Dictionary<ulong, string> kinds = [];
        foreach (string[] words in Printed.Value.Where(words => words[0] == $"{machine.Process!.Pid}" && words[1] == "pages"))
        {
            ulong start = ulong.Parse(words[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            ulong bytes = ulong.Parse(words[6], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            for (ulong at = 0; at < bytes; at += PageFrame.Size)
            {
                kinds.Add(start + at, words[2]);
            }
        }

        return kinds;
    }

    private readonly struct LeafList(List<(ulong Gpa, ulong Physical, ulong Bytes)> leaves) : ICpuLeafVisitor
    {
        public List<(ulong Gpa, ulong Physical, ulong Bytes)> Leaves => leaves;

        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat => leaves.Add((leaf.Address.Value, leaf.Physical.Value, leaf.Bytes));
    }
}
