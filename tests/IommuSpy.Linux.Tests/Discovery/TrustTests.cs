using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Where two ways to know a fact contradict each other: both are reported, and what the CPU itself goes by is believed.</summary>
public class TrustTests
{
    /// <summary>Values that a variable may have been overwritten with: no address, none of this kernel's, a base of another boot.</summary>
    public static TheoryData<ulong> Wrong =>
        [1, 0x1234_5678, 0xffff_ffff_ffff_ffff, 0xffff_8880_0000_1000, 0xffff_9a41_c000_0000, 0xffff_fe00_0000_0000, 0x0000_7f00_0000_0000];

    [Theory]
    [MemberData(nameof(Wrong))]
    public void TheTablesOutrankAnOverwrittenPageOffsetBase(ulong wrong) =>
        Outranked("page_offset_base", wrong, facts => facts.PageOffsetBase, made => made.PageOffset);

    [Theory]
    [MemberData(nameof(Wrong))]
    public void TheTablesOutrankAnOverwrittenVmemmapBase(ulong wrong) =>
        Outranked("vmemmap_base", wrong, facts => facts.VmemmapBase, made => made.Vmemmap);

    [Theory]
    [InlineData(1)]
    [InlineData(0xffff_ffff_ffff_ffff)]
    [InlineData(0xffff_8880_0000_0000)]
    [InlineData(0xffff_c900_0000_1000)]
    [InlineData(0xffff_c901_0000_0000)]
    [InlineData(0xffff_fe00_0000_0000)]
    public void TheTablesOutrankAnOverwrittenVmallocBase(ulong wrong) =>
        Outranked("vmalloc_base", wrong, facts => facts.VmallocBase, made => made.Vmalloc);

    [Fact]
    public void TheTablesOutrankAnOverwrittenPhysBase() => Outranked("phys_base", 0x1234, facts => facts.PhysicalBase, made => made.PhysicalBase);

    /// <summary>A variable that says nothing is no witness.</summary>
    [Fact]
    public void AZeroedBaseIsNoWitness()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) => memory.Write(kernel.PhysicalOf("page_offset_base"), 0));
        Assert.Equal(new Witness<VirtualAddress>(new(0xffff_8880_0000_0000), "page tables"), Assert.Single(machine.Discover().Facts.PageOffsetBase!.Witnesses));
    }

    /// <summary>In vmalloc space nothing is mapped in the first GiB: the variable knows better, and the tables do not contradict it.</summary>
    [Fact]
    public void AVariableBelowTheFirstMappingIsBelieved()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) => memory.Write(kernel.PhysicalOf("vmalloc_base"), 0xffff_c8c0_0000_0000));
        Fact<VirtualAddress> fact = machine.Discover().Facts.VmallocBase!;
        Assert.Equal("kallsyms vmalloc_base", fact.Witnesses[0].Source);
        Assert.False(fact.Agreed);
    }

    /// <summary>Nothing but an impossible value is known: that is no fact.</summary>
    [Fact]
    public void AnImpossibleBaseAloneIsNoFact()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) =>
        {
            memory.Write(kernel.PhysicalOf("vmemmap_base"), 0x1000);
            for (ulong section = 0; section < 2; section++)
            {
                kernel.Tables.SetEntry(new(kernel.Made.Vmemmap + (section << 21)), 2, 0);
            }
        });
        LinuxKernel found = machine.Discover();
        Assert.Null(found.Facts.VmemmapBase);
        Assert.Null(found.ProcessTables);
    }

    [Fact]
    public void AnImpossibleKaslrOffsetYieldsToVmCoreInfo()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) => memory.Write(kernel.PhysicalOf("boot_params") + 0x258, 0x0123_4567_89ab_cdef));
        LinuxKernel found = machine.Discover();
        Assert.NotNull(found.VmCoreInfo);
        Fact<ulong> fact = found.Facts.KaslrOffset!;
        Assert.Equal(0UL, fact.Value);
        Assert.Equal("VMCOREINFO KERNELOFFSET", fact.Witnesses[0].Source);
        Assert.Equal(2, fact.Witnesses.Count);
    }

    /// <summary>An earlier boot of the same release left its note behind: its addresses are not this kernel's.</summary>
    [Theory]
    [InlineData(SymbolForm.None)]
    [InlineData(SymbolForm.Offsets)]
    public void AnEarlierBootsNoteIsNotTaken(SymbolForm symbols)
    {
        using BuiltMachine machine = BuiltMachine.Raw(new() { Symbols = symbols, Note = NoteForm.None }, (memory, _) => memory.Write(
            new(0x20_0000),
            "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(_stext)=ffffffffa4000000\nNUMBER(phys_base)=4194304\n"u8
            + "NUMBER(KERNEL_IMAGE_SIZE)=536870912\nKERNELOFFSET=23000000\n\0"u8));
        LinuxKernel found = machine.Discover();
        Assert.Null(found.VmCoreInfo);
        DiscoveryAssert.Facts(machine.Kernel, found);
    }

    private static void Outranked<T>(string variable, ulong wrong, Func<KernelFacts, Fact<T>?> factOf, Func<KernelBuilder, ulong> truthOf)
        where T : IEquatable<T>
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) => memory.Write(kernel.PhysicalOf(variable), wrong));
        LinuxKernel found = machine.Discover();
        Fact<T> fact = factOf(found.Facts)!;
        Assert.Equal($"{new VirtualAddress(truthOf(machine.Kernel.Made))}", Text(fact.Value));
        Assert.Equal("page tables", fact.Witnesses[0].Source);
        Assert.False(fact.Agreed);
        Assert.Contains(fact.Witnesses, witness => witness.Source == $"kallsyms {variable}" && Text(witness.Value) == $"{new VirtualAddress(wrong)}");

        // What was built on it is right all the same.
        Assert.Equal(machine.Kernel.Processes.Select(process => process.Root), found.ProcessTables);
        Assert.Equal(machine.Kernel.Root, found.Facts.RootTable.Value);
    }

    private static string Text<T>(T value) => value is ulong number ? $"{new VirtualAddress(number)}" : $"{value}";
}
