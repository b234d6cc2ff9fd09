using System.Globalization;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Info;
using IommuSpy.Linux.Discovery;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>What discovery says against what QEMU reads from the stopped guest's own variables.</summary>
public class KernelFactTests
{
    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Bases_are_those_of_the_guests_own_variables(string guest, string image)
    {
        using JsonDocument oracle = JsonDocument.Parse(File.ReadAllText(Guests.Capture(guest).Oracle("kernel-values.json")));
        ulong Value(string name) =>
            ulong.Parse(oracle.RootElement.GetProperty(name).GetString().AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        KernelFacts facts = GuestMachine.Open(guest, image).Kernel.Facts;
        if (oracle.RootElement.TryGetProperty("page_offset_base", out _))
        {
            Assert.Equal(Value("page_offset_base"), facts.PageOffsetBase!.Value.Value);
            Assert.Equal(Value("vmalloc_base"), facts.VmallocBase!.Value.Value);
            Assert.Equal(Value("vmemmap_base"), facts.VmemmapBase!.Value.Value);
        }
        else
        {
            // Before 4.8 they were constants (Documentation/x86/x86_64/mm.txt).
            Assert.Equal((0xffff880000000000, 0xffffc90000000000, 0xffffea0000000000),
                (facts.PageOffsetBase!.Value.Value, facts.VmallocBase!.Value.Value, facts.VmemmapBase!.Value.Value));
        }

        Assert.Equal(Value("phys_base"), facts.PhysicalBase.Value);
        Assert.Equal(Value("_text"), GuestMachine.Open(guest, image).Kernel.Text.Start.Value);
        Assert.Equal(Value("_text") - 0xffffffff81000000, facts.KaslrOffset!.Value);
    }

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void The_tables_alone_say_the_same_as_the_kernels_variables(string guest, string image)
    {
        KernelFacts facts = GuestMachine.Open(guest, image).Kernel.Facts;
        Assert.Empty(InfoReport.Of(GuestMachine.Open(guest, image)).Disagreements);
        Assert.Contains(facts.PageOffsetBase!.Witnesses, witness => witness.Source == "page tables");
        Assert.Contains(facts.VmallocBase!.Witnesses, witness => witness.Source == "page tables");
        Assert.Contains(facts.VmemmapBase!.Witnesses, witness => witness.Source == "page tables");
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Raw_bytes_tell_what_the_ELF_dump_with_its_notes_tells(string guest)
    {
        static string Told(Machine machine)
        {
            InfoReport info = InfoReport.Of(machine);
            return string.Join('\n', info.Release, info.Banner, info.PagingLevels, info.KaslrOffset, info.PhysicalBase, info.PageOffsetBase, info.VmallocBase,
                info.VmemmapBase, info.ModulesBase, info.ImageStart, info.ImagePhysical, info.ImageBytes, info.Root, info.ProcessTables, info.SymbolCount,
                info.Symbols);
        }

        Assert.Equal(Told(GuestMachine.Open(guest, "dump.elf")), Told(GuestMachine.Open(guest, "ram.raw")));
    }

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void The_release_is_the_guests(string guest) =>
        Assert.Equal(Guests.Capture(guest).KernelRelease, GuestMachine.Open(guest, "ram.raw").Kernel.Facts.Release.Value);

    [Theory]
    [MemberData(nameof(Guests.Names), MemberType = typeof(Guests))]
    public void Every_process_of_the_guest_has_a_root(string guest)
    {
        Machine machine = GuestMachine.Open(guest, "ram.raw");
        Assert.NotNull(machine.Kernel.ProcessTables);
        Assert.True(machine.Kernel.ProcessTables.Count >= Guests.Capture(guest).Processes.Count);
    }
}
