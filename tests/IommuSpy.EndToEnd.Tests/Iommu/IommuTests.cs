using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Iommu;
using IommuSpy.Lab;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;
using Capture = IommuSpy.Lab.Capture;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>IOMMU tables of guests against the unit's registers, the guest's kernel, QEMU's translations and processes' page tables.</summary>
public partial class IommuTests
{
    private const ulong Page = 4096;
    private const int MostMappedMeanwhile = 16;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    // VT-d 5.0, 11.4, and AMD I/O Virtualization 3.09, 3.4: offsets of registers.
    private const uint Capabilities = 0x08;
    private const uint GlobalStatus = 0x1c;
    private const uint RootTableAddress = 0x20;
    private const uint DeviceTableBase = 0x00;
    private const uint AmdViControl = 0x18;
    private const uint ExtendedFeatures = 0x30;

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void Every_way_finds_the_root_that_the_units_register_holds(string guest)
    {
        Capture capture = IommuGuests.Capture(guest);
        IommuReport report = IommuGuests.Open(guest).Parts.ScannedIommu;
        IommuUnit unit = Assert.Single(report.Units);
        Assert.Equal(capture.Spec.Iommu == IommuModel.Amd ? IommuKind.AmdVi : IommuKind.VtD, unit.Kind);
        Assert.Equal(
            capture.Spec.Iommu switch { IommuModel.Intel => IommuMode.Legacy, IommuModel.IntelScalable => IommuMode.Scalable, _ => IommuMode.DeviceTable },
            unit.Mode);
        bool isAmd = capture.Spec.Iommu == IommuModel.Amd;
        Assert.Equal(Register(capture, isAmd ? DeviceTableBase : RootTableAddress) & AddressMask, unit.Tables!.Root.Value);
        if (IsDescribed(guest))
        {
            Assert.Equal((Register(capture, isAmd ? AmdViControl : GlobalStatus) & (isAmd ? 1UL : 1UL << 31)) != 0, unit.Translating);
            Assert.Equal(Register(capture, isAmd ? ExtendedFeatures : Capabilities), unit.Capabilities);
            Assert.Contains(unit.FoundBy, way => way.StartsWith("kernel ", StringComparison.Ordinal));
        }

        Assert.Contains("scan of memory", unit.FoundBy);
        Assert.Contains(unit.FoundBy, way => way.StartsWith("ACPI ", StringComparison.Ordinal));
        Assert.Empty(report.Disagreements);
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void The_dump_tells_the_same_in_the_same_ways(string guest)
    {
        // Its memory stands at odd offsets of a sparse file: pages of tables lie partly in its holes.
        static string[] Told(IommuReport report) =>
            [.. report.Units.Select(unit => $"{unit.Kind} {unit.Mode} {unit.Tables!.Root} {string.Join(", ", unit.FoundBy)} {unit.Contexts.Count}"),
                .. report.Disagreements];

        using Machine dump = Machine.Open(Path.Combine(IommuGuests.Capture(guest).Directory, "dump.elf"));
        Assert.Equal(Told(IommuGuests.Open(guest).Parts.ScannedIommu), Told(dump.Parts.ScannedIommu));
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void Where_the_kernel_s_objects_lead_to_the_tables_memory_is_not_searched_and_the_answer_is_the_same(string guest)
    {
        Assert.SkipUnless(IsDescribed(guest), "nothing leads to the tables here");
        IommuReport report = IommuGuests.Open(guest).Parts.Iommu;
        IommuUnit unit = Assert.Single(report.Units);
        IommuUnit scanned = Assert.Single(IommuGuests.Open(guest).Parts.ScannedIommu.Units);
        Assert.Equal(scanned.FoundBy.Where(way => way != "scan of memory"), unit.FoundBy);
        Assert.Equal((scanned.Kind, scanned.Mode, scanned.Tables!.Root, scanned.Contexts.Count),
            (unit.Kind, unit.Mode, unit.Tables!.Root, unit.Contexts.Count));
        Assert.Empty(report.Disagreements);
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void What_devices_can_reach_is_what_the_kernel_answers_for_every_page(string guest)
    {
        Capture capture = IommuGuests.Capture(guest);
        if (!File.Exists(capture.GuestOracle("iommu-domains")))
        {
            Assert.Skip("Debian has no headers for this kernel, so it was not asked");
        }

        Machine machine = IommuGuests.Open(guest);
        KernelDomains kernel = new(capture);
        Assert.SkipWhen(kernel.Devices.All(device => device.Domain == "-" || kernel.PagesOf(device.Domain).Count == 0),
            "before 5.3 the domains of drivers are hidden from iommu_get_domain_for_dev");
        int pages = 0;
        foreach ((string device, string domain, string _) in kernel.Devices)
        {
            Dictionary<ulong, ulong> ours = [];
            IoMapping.Visit(View(machine, device), new(0), new(ulong.MaxValue), AccessRights.None, singleLeaves: false, mapping =>
            {
                for (ulong offset = 0; offset < mapping.Length; offset += Page)
                {
                    ours.Add(mapping.Address.Value + offset, mapping.Physical.Value + offset);
                }
            });

            // Drivers map and unmap a page now and then between the kernel's answers and the stop.
            string[] theirs = [.. Lines(kernel.PagesOf(domain))];
            string[] found = [.. Lines(ours)];
            string[] differences = [.. theirs.Except(found, StringComparer.Ordinal), .. found.Except(theirs, StringComparer.Ordinal)];
            Assert.True(differences.Length <= MostMappedMeanwhile,
                $"{device}: {differences.Length} of {theirs.Length} pages differ, first {differences.FirstOrDefault()}");
            pages += ours.Count;
        }

        Assert.NotInRange(pages, 0, 100);
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void What_QEMU_translated_last_is_translated_so_or_unmapped_now(string guest)
    {
        Machine machine = IommuGuests.Open(guest);
        TranslationTrace trace = new(IommuGuests.Capture(guest));
        List<string> wrong = [];
        foreach ((RequesterId device, ulong address, ulong value) in trace.Last)
        {
            DeviceTranslation ours = View(machine, device.ToString()).Context.Translate(new(address));
            if (ours.Physical is not { } physical)
            {
                continue;
            }

            // VT-d's event has the leaf entry, AMD-Vi's the first byte of the page, which can be of any size.
            ulong pageSize = ours.Walk!.PageSize;
            ulong expected = (value & AddressMask & ~(pageSize - 1)) | (address & (pageSize - 1) & ~(Page - 1));
            if (physical.Value != expected)
            {
                wrong.Add($"{device} 0x{address:x}: {physical}, but QEMU read 0x{value:x}");
            }
        }

        Assert.NotInRange(trace.Events, 0, 100);
        Assert.Empty(wrong);
    }

    [Theory]
    [MemberData(nameof(IommuGuests.Without), MemberType = typeof(IommuGuests))]
    public void Without_an_IOMMU_none_is_found(string guest)
    {
        Assert.All([IommuGuests.Open(guest).Parts.Iommu, IommuGuests.Open(guest).Parts.ScannedIommu], report =>
        {
            Assert.Empty(report.Units);
            Assert.Empty(report.Disagreements);
        });
        DeviceView view = View(IommuGuests.Open(guest), "0000:00:1f.2");
        Assert.Equal(DmaMode.PassThrough, view.Context.Mode);
        Assert.Null(view.Unit);
    }

    [Fact]
    public void Pass_through_is_told_from_translation()
    {
        IommuUnit unit = Assert.Single(IommuGuests.Open(IommuGuests.PassThrough.Name).Parts.ScannedIommu.Units);
        Assert.NotEmpty(unit.Contexts);
        Assert.All(unit.Contexts, context => Assert.Equal(DmaMode.PassThrough, context.Mode));
        Assert.Contains("scan of memory", unit.FoundBy);
        Assert.False(unit.RemapsInterrupts);
    }

    [Theory]
    [MemberData(nameof(IommuGuests.VtdRemapping), MemberType = typeof(IommuGuests))]
    public void Interrupt_entries_are_those_that_QEMU_used(string guest)
    {
        Assert.SkipUnless(IsDescribed(guest), "where the table is, only the kernel's objects tell");
        Dictionary<int, (string Low, string High)> used = [];
        foreach (string line in File.ReadLines(IommuGuests.Capture(guest).Oracle("iova-trace.txt")))
        {
            // QEMU hands the event the upper half first, so what it calls low is high (hw/i386/intel_iommu.c, vtd_irte_get).
            if (UsedEntry().Match(line) is { Success: true } match)
            {
                used[int.Parse(match.Groups["index"].Value, CultureInfo.InvariantCulture)] = (match.Groups["high"].Value, match.Groups["low"].Value);
            }
        }

        Assert.NotEmpty(used);
        List<string> absences = [];
        Dictionary<int, (string Low, string High)> ours = InterruptAnswer.Of(IommuGuests.Open(guest), absences)
            .ToDictionary(entry => entry.Index, entry => ($"{entry.Entry[0].Value:x}", $"{entry.Entry[1].Value:x}"));
        Assert.Empty(absences);

        // A driver that asks for one interrupt to begin with gives it back for those that it asks for then (nvme): its entry is nobody's now, or another
        // device's, and the device has others.
        List<KeyValuePair<int, (string Low, string High)>> givenBack =
            [.. used.Where(entry => !ours.TryGetValue(entry.Key, out (string Low, string High) now) || now.High != entry.Value.High)];
        Assert.All(givenBack, entry => Assert.Contains(ours.Values, now => now.High == entry.Value.High));
        Assert.InRange(givenBack.Count, 0, used.Count / 4);

        // The kernel sends an interrupt elsewhere when a CPU comes up or a driver asks: an entry that was used before may differ in vector and destination.
        Assert.InRange(used.Count(entry => ours.TryGetValue(entry.Key, out (string Low, string High) now) && now == entry.Value), used.Count / 2, used.Count);
    }

    [Fact]
    public void Memory_that_a_process_gave_a_device_is_that_processs()
    {
        Capture capture = IommuGuests.Capture(IommuGuests.UserMapping.Name);
        Machine machine = IommuGuests.Open(IommuGuests.UserMapping.Name);
        int pages = 0;
        foreach (string[] fields in File.ReadLines(capture.GuestOracle("user-mappings")).Select(line => line.Split(' ')))
        {
            ulong start = Hex(fields[0]);
            ulong length = Hex(fields[1]);
            ulong address = Hex(fields[3]);
            DeviceView view = View(machine, fields[5]);
            GuestProcess process = capture.Processes.Single(process => process.Pid == int.Parse(fields[2], CultureInfo.InvariantCulture));
            foreach ((ulong at, ulong entry) in process.Pagemap().Where(page => page.Address - start < length))
            {
                DeviceTranslation ours = view.Context.Translate(new(address + (at - start)));
                Assert.Equal((entry & ((1UL << 55) - 1)) * Page, ours.Physical?.Value);
                Assert.Equal(fields[4] == "rw" ? DeviceFault.None : DeviceFault.NoWritePermission, ours.FaultOf(write: true));
                Assert.Equal(DeviceFault.None, ours.FaultOf(write: false));
                pages++;
            }
        }

        Assert.Equal(64 + 16 + 512, pages);
    }

    /// <summary>
    /// Each queue begins where the IOMMU's register says, and is as long: VT-d's IQA (10.4.22, QS in bits 0-2), AMD-Vi's base registers (2^length entries of 16
    /// bytes).
    /// </summary>
    [Theory]
    [MemberData(nameof(IommuGuests.Translating), MemberType = typeof(IommuGuests))]
    public void Queues_are_where_the_registers_say(string guest)
    {
        Assert.SkipUnless(IsDescribed(guest), "only the kernel's types tell where queues are");
        Capture capture = IommuGuests.Capture(guest);
        IommuUnit unit = Assert.Single(IommuGuests.Open(guest).Parts.Iommu.Units);
        (string Queue, uint Register)[] registers = unit.Kind == IommuKind.VtD
            ? [("invalidation queue", 0x90)]
            : [("command buffer", 0x8), ("event log", 0x10), ("peripheral page request log", 0x38)];
        foreach ((string queue, uint register) in registers)
        {
            ulong held = Register(capture, register);
            if (held == 0)
            {
                // Allocated, and never handed to the unit: 6.12 enables a page request log with the first device that asks for pages.
                Assert.Equal("peripheral page request log", queue);
                continue;
            }

            ulong bytes = unit.Kind == IommuKind.VtD ? Page << (int)(held & 7) : 16UL << (int)(held >> 56 & 0xf);
            Assert.Equal(
                Enumerable.Range(0, (int)(bytes / Page)).Select(i => ((held & 0x000f_ffff_ffff_f000) / Page) + (ulong)i),
                unit.Queues.SingleOrDefault(one => one.Name == queue)?.Frames.Select(frame => frame.Number) ?? []);
        }

        Assert.False(unit.BeganTranslating);
        Assert.Empty(unit.Inherited ?? new HashSet<RequesterId>());
    }

    private static DeviceView View(Machine machine, string device)
    {
        Assert.True(DeviceName.TryParse(device, out DeviceName name));
        DeviceView? view = DeviceView.Of(machine, name, out string? problem);
        Assert.True(view is not null, problem);
        return view;
    }

    private static List<string> Lines(IReadOnlyDictionary<ulong, ulong> pages) =>
        [.. pages.OrderBy(page => page.Key).Select(page => $"{page.Key:x} {page.Value:x}")];

    // The lines are an address and the values that stand from it on, of 4 or 8 bytes.
    private static ulong Register(Capture capture, uint offset)
    {
        Dictionary<ulong, uint> words = [];
        foreach (string line in File.ReadLines(capture.Oracle(capture.Spec.Iommu == IommuModel.Amd ? "amdvi-registers.txt" : "vtd-registers.txt")))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            ulong at = Hex("0x" + parts[0].TrimEnd(':')) & (Page - 1);
            foreach (string part in parts[1..])
            {
                ulong value = Hex(part);
                words.TryAdd(at, (uint)value);
                at += sizeof(uint);
                if (part.Length > "0x01234567".Length)
                {
                    words.TryAdd(at, (uint)(value >> 32));
                    at += sizeof(uint);
                }
            }
        }

        return words[offset] | ((ulong)words[offset + sizeof(uint)] << 32);
    }

    private static bool IsDescribed(string guest) => IommuGuests.Open(guest).Parts.Objects.Required.Types is BtfTypes;

    private static ulong Hex(string text) => ulong.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex("^vtd_ir_irte_get index (?<index>[0-9]+) low 0x(?<low>[0-9a-f]+) high 0x(?<high>[0-9a-f]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex UsedEntry();
}
