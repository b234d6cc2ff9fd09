using IommuSpy.Analysis.Info;
using IommuSpy.Analysis.Wording;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Analysis.Tests.Info;

/// <summary>What a machine is, and by whom each thing is said.</summary>
public class InfoReportTests
{
    [Fact]
    public void Linux316()
    {
        using SyntheticMachine machine = SyntheticMachine.Of(KernelBuilder.Linux316());
        InfoReport info = InfoReport.Of(machine.Machine);
        Assert.Equal(("3.16.0-11-amd64", 4, "raw", "file offset is physical address"), (info.Release, info.PagingLevels, info.Format, info.MemoryLayout));
        Assert.Equal((new HexValue(0), new HexValue(0)), (info.KaslrOffset!.Value, info.PhysicalBase));
        Assert.Equal(
            (new VirtualAddress(0xffff_8800_0000_0000), new VirtualAddress(0xffff_c900_0000_0000), new VirtualAddress(0xffff_ea00_0000_0000),
                new VirtualAddress(0xffff_ffff_a000_0000)),
            (info.PageOffsetBase!.Value, info.VmallocBase!.Value, info.VmemmapBase!.Value, info.ModulesBase!.Value));
        Assert.Equal(machine.Kernel.Root, info.Root);
        Assert.Equal((5, machine.Kernel.Symbols.Count, true, false), (info.ProcessTables, info.SymbolCount, info.HasVmCoreInfo, info.MemoryEncrypted));
        Assert.Equal("pre-6.4 order, 64-bit addresses, 64-bit markers", info.Symbols);
        Assert.Equal(new RangeReport(new(0), new(0x1000_0000)), Assert.Single(info.Ranges));
        Assert.Empty(info.Disagreements);
        Assert.Empty(info.Damage);
        Assert.Equal(["page tables"], info.Provenance["pageOffsetBase"]);
        Assert.Equal(["kallsyms init_level4_pgt", "VMCOREINFO swapper_pg_dir"], info.Provenance["root"]);
        Assert.Equal(["kallsyms _text against boot_params.hdr.pref_address", "VMCOREINFO KERNELOFFSET"], info.Provenance["kaslrOffset"]);
    }

    [Fact]
    public void ADisagreementIsReportedWithBothWitnesses()
    {
        using SyntheticMachine machine = SyntheticMachine.Of(new(),
            (memory, kernel) => memory.Write(kernel.PhysicalOf("page_offset_base"), 0xffff_9999_c000_0000));
        Assert.Equal(
            "pageOffsetBase: 0xffff888000000000 (page tables), 0xffff9999c0000000 (kallsyms page_offset_base)",
            Assert.Single(InfoReport.Of(machine.Machine).Disagreements));
    }

    [Fact]
    public void WhatIsNotKnownIsAbsent()
    {
        using SyntheticMachine machine = SyntheticMachine.Of(new() { Symbols = SymbolForm.None, Note = NoteForm.None, EncryptionBit = 1UL << 51 });
        InfoReport info = InfoReport.Of(machine.Machine);
        Assert.Null(info.KaslrOffset);
        Assert.Null(info.ProcessTables);
        Assert.Equal((0, "no kallsyms token table in the image", false, true), (info.SymbolCount, info.Symbols, info.HasVmCoreInfo, info.MemoryEncrypted));
        Assert.DoesNotContain("kaslrOffset", info.Provenance.Keys);
    }
}
