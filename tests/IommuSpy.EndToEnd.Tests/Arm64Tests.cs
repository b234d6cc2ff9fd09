using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Hooks;
using IommuSpy.Lab;
using IommuSpy.Linux.Hooks;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;
using Capture = IommuSpy.Lab.Capture;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// An arm64 guest with 52-bit addresses and an SMMUv3, against what QEMU answers for addresses, what its registers held and what its SMMU translated, and
/// against the guest's own /proc.
/// </summary>
public sealed partial class Arm64Tests
{
    private static readonly CaptureSpec Guest = new()
    {
        Kernel = "6.12-arm64",
        Iommu = IommuModel.SmmuV3,
        PagingLevels = 5,
        Memory = MemorySize.Mebibytes(512),
    };

    private static readonly Lazy<Capture> Captured =
        new(() => Captures.Ensure(Guest, line => TestContext.Current.SendDiagnosticMessage($"lab: {line}")));

    public static TheoryData<string> Images => ["ram.raw", "dump.elf", "dump.kdump"];

    [Theory]
    [MemberData(nameof(Images))]
    public void Every_address_translates_as_QEMU_translates_it(string image)
    {
        Machine machine = Open(image);
        ulong tables = Register("TTBR0_EL1");
        AddressSpace space = machine.Space(new((tables & 0x0000_ffff_ffff_ffc0) | ((tables & 0x3c) << 46)));
        string[] oracle = File.ReadAllLines(Captured.Value.Oracle("translations.txt"));
        Assert.Contains(oracle, line => line.EndsWith('-'));
        Assert.True(oracle.Count(line => !line.EndsWith('-')) > 1000, "QEMU translated hardly anything");
        LineComparison.Equal(oracle, [.. oracle.Select(line =>
        {
            ulong address = ulong.Parse(line.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            AddressTranslation walk = space.Translate(new(address));

            // The CPU stopped in the kernel, which may not touch what is a process's (PSTATE.PAN): QEMU says so.
            return $"{address:x16} {(walk.Physical is { } physical && !walk.Rights.HasFlag(AccessRights.User) ? $"{physical.Value:x}" : "-")}";
        })]);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_kernels_table_is_the_one_that_TTBR1_held(string image)
    {
        Machine machine = Open(image);
        Assert.Equal("arm64", machine.Kernel.Architecture.Name);
        Assert.Equal(Register("TTBR1_EL1") & 0x0000_ffff_ffff_ff80, machine.Kernel.Space.Root.Value);
        Assert.Equal(64 - (int)(Register("TCR_EL1") >> 16 & 0x3f), machine.Kernel.Mode.AddressBits - 1);
    }

    [Fact]
    public void Symbols_are_those_of_the_guests_proc_kallsyms()
    {
        Machine machine = Open("ram.raw");
        string[] oracle =
            [.. File.ReadLines(Captured.Value.GuestOracle("kallsyms"))
                .Where(line => !line.EndsWith("\t[bpf]", StringComparison.Ordinal) && !line.Contains("\t[__builtin__", StringComparison.Ordinal))];
        LineComparison.Equal(
            oracle,
            [.. machine.Symbols!.Concat(machine.Parts.Modules.Required.Modules.SelectMany(module => module.Symbols)).Select(symbol => symbol.ToString())]);
    }

    [Fact]
    public void The_kernel_stays_in_its_own_code_and_what_leads_elsewhere_is_found()
    {
        Machine honest = Open("ram.raw");
        Assert.Empty(Hooks(honest));
        VirtualAddress target = honest.Parts.Modules.Required.Modules[0].Base + 0x40;
        VirtualAddress call = At("sys_call_table") + (129 * 8), function = At("vfs_read");
        string copy = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        try
        {
            File.Copy(Captured.Value.RamFile, copy);
            using (FileStream file = File.OpenWrite(copy))
            {
                // ldr x16, .+8; br x16; .quad target.
                ForgedMemory.Write(file, honest, function, [0x50, 0, 0, 0x58, 0, 2, 0x1f, 0xd6, .. BitConverter.GetBytes(target.Value)]);
                ForgedMemory.Write(file, honest, call, BitConverter.GetBytes(target.Value));
            }

            using Machine altered = Machine.Open(copy);
            Assert.Equal(
                [(KernelHookKind.Code, function, target, null), (KernelHookKind.Pointer, call, target, null)],
                Hooks(altered).Select(row => (row.Hook.Kind, row.Hook.At, row.Hook.Target!.Value, row.Hook.Explained)));
        }
        finally
        {
            File.Delete(copy);
        }

        VirtualAddress At(string name) => honest.Symbols!.FindAll(name).Single().Address;

        static List<HookRow> Hooks(Machine machine)
        {
            List<HookRow> rows = [];
            Assert.Empty(HookRow.Find(machine, rows.Add).Problems);
            return rows;
        }
    }

    [Fact]
    public void Types_are_the_guests_own() =>
        Assert.True(Open("dump.elf").Parts.Objects.Required.Types is BtfTypes { } types
            && types.Origin.Contains("memory", StringComparison.Ordinal));

    [Fact]
    public void Pages_of_processes_are_those_of_their_pagemap()
    {
        const ulong Present = 1UL << 63;
        const ulong Frame = (1UL << 55) - 1;
        Machine machine = Open("ram.raw");
        int pages = 0;
        List<string> differences = [];

        // The one that wrote the oracle went on running.
        foreach (GuestProcess process in Captured.Value.Processes.Where(process => process.Name != "collector"))
        {
            AddressSpace space = machine.Space(machine.Parts.Tasks.Required.Processes.Single(task => task.Pid == process.Pid).Root!.Value);
            foreach ((ulong address, ulong entry) in process.Pagemap())
            {
                Linux.Paging.UserEntry ours = space.Translate(new(address)) is { Last: { } last } ? machine.Parts.UserEntries.Read(last.Entry, last.Level)
                    : default;
                ulong inLarge = ours.Present ? (address >> 12) & (machine.Kernel.Mode.Format.SlotPages(space.Translate(new(address)).Last!.Level) - 1) : 0;
                pages++;
                if (((entry & Present) != 0) != ours.Present || (ours.Present && ours.Frame!.Value.Number + inLarge != (entry & Frame)))
                {
                    differences.Add($"{process.Name}[{process.Pid}] {address:x}: {entry:x}, and {ours}");
                }
            }
        }

        Assert.True(pages > 1000);
        Assert.Empty(differences);
    }

    [Theory]
    [MemberData(nameof(Images))]
    public void The_stream_table_is_the_one_that_the_SMMU_used(string image)
    {
        Dictionary<ulong, uint> registers = [];
        foreach (string line in File.ReadLines(Captured.Value.Oracle("smmuv3-registers.txt")))
        {
            registers[ulong.Parse(line.AsSpan(0, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture)] =
                uint.Parse(line.AsSpan(line.IndexOf('x', StringComparison.Ordinal) + 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }

        IommuUnit unit = Assert.Single(Open(image).Parts.Iommu.Units);
        Assert.Equal((IommuKind.SmmuV3, IommuMode.StreamTable, new PhysicalAddress(0x905_0000)), (unit.Kind, unit.Mode, unit.Registers!.Value));
        ulong held = registers[0x905_0080] | ((ulong)registers[0x905_0084] << 32);
        Assert.Equal(held & 0x000f_ffff_ffff_ffc0, unit.Tables!.Root.Value);
        Assert.Empty(Open(image).Parts.Iommu.Disagreements);

        // SMMU_CMDQ_BASE and SMMU_EVENTQ_BASE: 2^LOG2SIZE entries of 16 and of 32 bytes.
        foreach ((string name, ulong register, ulong entryBytes) in new[] { ("command queue", 0x905_0090UL, 16UL), ("event queue", 0x905_00a0UL, 32UL) })
        {
            ulong queue = registers[register] | ((ulong)registers[register + 4] << 32);
            ulong pages = (entryBytes << (int)(queue & 0x1f)) / 4096;
            Assert.Equal(
                Enumerable.Range(0, (int)pages).Select(i => ((queue & 0x000f_ffff_ffff_ffe0) / 4096) + (ulong)i),
                unit.Queues.Single(one => one.Name == name).Frames.Select(frame => frame.Number));
        }
    }

    /// <summary>What a device used last and nobody has invalidated since is mapped, to what QEMU's SMMU made of it.</summary>
    [Fact]
    public void Every_translation_that_is_still_valid_is_ours()
    {
        Dictionary<int, DeviceContext> contexts =
            Assert.Single(Open("ram.raw").Parts.Iommu.Units).Contexts.ToDictionary(context => (int)context.Requester.Value);
        SortedDictionary<(int Stream, ulong Page), ulong> last = [];
        foreach (string line in File.ReadLines(Captured.Value.Oracle("iova-trace.txt")))
        {
            if (Translated().Match(line) is { Success: true } translated)
            {
                ulong iova = Hex(translated, "iova");
                last[((int)Hex(translated, "sid"), iova >> 12)] = Hex(translated, "physical") >> 12;
            }
            else if (Invalidated().Match(line) is { Success: true } invalidated)
            {
                ulong first = Hex(invalidated, "address") >> 12;
                ulong pages = Hex(invalidated, "pages");
                foreach ((int Stream, ulong Page) key in last.Keys.Where(key => key.Page - first < pages).ToArray())
                {
                    if (contexts[key.Stream].Domain == int.Parse(invalidated.Groups["asid"].Value, CultureInfo.InvariantCulture))
                    {
                        last.Remove(key);
                    }
                }
            }
        }

        Assert.True(last.Count > 20, $"only {last.Count} translations are still valid");
        Assert.All(last, used =>
        {
            DeviceTranslation ours = contexts[used.Key.Stream].Translate(new(used.Key.Page << 12));
            Assert.Equal(used.Value, ours.Physical?.Value >> 12);
        });
    }

    private static Machine Open(string image) => Opened.GetOrAdd(image, name => new(() => Machine.Open(Path.Combine(Captured.Value.Directory, name)))).Value;

    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, Lazy<Machine>> Opened = new();

    private static ulong Register(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Captured.Value.Oracle("system-registers.json")));
        return ulong.Parse(document.RootElement[0].GetProperty(name).GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }

    private static ulong Hex(Match match, string group) => ulong.Parse(match.Groups[group].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(
        "^smmuv3_translate_success .* sid=0x(?<sid>[0-9a-f]+) iova=0x(?<iova>[0-9a-f]+) translated=0x(?<physical>[0-9a-f]+)",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Translated();

    [GeneratedRegex(
        "^smmuv3_s1_range_inval .* asid=(?<asid>[0-9]+) addr=0x(?<address>[0-9a-f]+) .*num_pages=0x(?<pages>[0-9a-f]+)",
        RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Invalidated();
}
