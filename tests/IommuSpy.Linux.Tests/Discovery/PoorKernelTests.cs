using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>
/// Kernels that tell little of themselves: no variables among their symbols, no symbols, no VMCOREINFO. What the tables tell is found all the same.
/// </summary>
public class PoorKernelTests
{
    public static TheoryData<bool, bool, NoteForm> Kinds =>
        new MatrixTheoryData<bool, bool, NoteForm>([false, true], [false, true], [NoteForm.None, NoteForm.Array, NoteForm.Pointer]);

    /// <summary>CONFIG_KALLSYMS_ALL=n: functions only. CONFIG_KALLSYMS=n: nothing.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void IsFoundByItsTables(bool functions, bool pti, NoteForm note)
    {
        KernelBuilder made = new()
        {
            Symbols = functions ? SymbolForm.Absolute : SymbolForm.None,
            ListsVariables = false,
            Pti = pti,
            Note = note,
            TextVirtual = 0xffff_ffff_9220_0000,
            TextPhysical = 0x0220_0000,
        };
        using BuiltMachine machine = BuiltMachine.Raw(made);
        LinuxKernel found = machine.Discover();

        DiscoveryAssert.Facts(machine.Kernel, found);
        Assert.Equal(functions ? null : "no kallsyms token table in the image", found.KallsymsAbsence);
        Assert.Equal(machine.Kernel.Symbols, found.Kallsyms?.Symbols.ToArray() ?? []);
        Assert.Null(found.ProcessTables);
        Assert.Equal(note != NoteForm.None, found.VmCoreInfo is not null);
        Assert.Equal(note != NoteForm.None ? 0x1120_0000UL : null, found.Facts.KaslrOffset?.Value);
        DiscoveryAssert.MapsAllMemory(machine.Kernel, found);
    }

    [Fact]
    public void Linux316WithoutVariablesIsFoundByItsTables()
    {
        KernelBuilder made = new()
        {
            Release = "3.16.0-11-amd64",
            PageOffset = 0xffff_8800_0000_0000,
            ModulesBase = 0xffff_ffff_a000_0000,
            Symbols = SymbolForm.Absolute,
            ListsVariables = false,
            BaseVariables = false,
            RootName = "init_level4_pgt",
            Note = NoteForm.None,
            ListHeadOffset = 32,
            HasCpuEntryArea = false,
        };
        using BuiltMachine machine = BuiltMachine.Raw(made);
        LinuxKernel found = machine.Discover();
        DiscoveryAssert.Facts(machine.Kernel, found);
        Assert.Null(found.Facts.KaslrOffset);
    }

    /// <summary>Memory that was the image's init section is free, and a process's table may come to stand there.</summary>
    [Theory]
    [InlineData(SymbolForm.None)]
    [InlineData(SymbolForm.Absolute)]
    public void AProcessTableInFreedInitMemoryIsNotTakenForTheKernels(SymbolForm symbols)
    {
        using BuiltMachine machine = BuiltMachine.Raw(
            new() { Symbols = symbols, ListsVariables = false, Note = NoteForm.None },
            (memory, kernel) =>
            {
                byte[] table = memory.PageBytes(kernel.Processes[0].Root.Frame).ToArray();
                memory.Write(new(kernel.Made.TextPhysical + 0x3f_0000), table);
            });
        Assert.Equal(machine.Kernel.Root, machine.Discover().Facts.RootTable.Value);
    }

    /// <summary>A process's tables map all that the kernel's own do; the trampoline's, which come first in memory, do not.</summary>
    [Theory]
    [InlineData(SymbolForm.None)]
    [InlineData(SymbolForm.Offsets)]
    public void WithoutItsOwnRootAProcesssServes(SymbolForm symbols)
    {
        using BuiltMachine machine = BuiltMachine.Raw(new() { Symbols = symbols, Note = NoteForm.None },
            (memory, kernel) => memory.Write(kernel.Root, new byte[PageFrame.Size]));
        LinuxKernel found = machine.Discover();
        Assert.Contains(found.Facts.RootTable.Value, machine.Kernel.Processes.Select(process => process.Root).Append(machine.Kernel.FreedRoot));
        Assert.Equal("a process's table, by its shape: the kernel's own was not found", Assert.Single(found.Facts.RootTable.Witnesses).Source);
        Assert.Equal(new(machine.Kernel.Made.PageOffset), found.Facts.PageOffsetBase!.Value);
        Assert.Equal(new(machine.Kernel.Made.Vmemmap), found.Facts.VmemmapBase!.Value);
        DiscoveryAssert.MapsAllMemory(machine.Kernel, found);
    }

    /// <summary>The witnesses say by what each fact was found, and none names what the kernel does not have.</summary>
    [Fact]
    public void SaysThatTheTablesToldIt()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new() { Symbols = SymbolForm.None, Note = NoteForm.None });
        LinuxKernel found = machine.Discover();
        Assert.Equal("page tables", Assert.Single(found.Facts.PageOffsetBase!.Witnesses).Source);
        Assert.Equal("page tables", Assert.Single(found.Facts.VmallocBase!.Witnesses).Source);
        Assert.Equal("page tables", Assert.Single(found.Facts.VmemmapBase!.Witnesses).Source);
        Assert.Equal("page tables", Assert.Single(found.Facts.PhysicalBase.Witnesses).Source);
        Assert.Equal("kernel image", Assert.Single(found.Facts.Banner.Witnesses).Source);
        Assert.Equal("the root table in the kernel's image", Assert.Single(found.Facts.RootTable.Witnesses).Source);
    }

    /// <summary>64 MiB are less than one section of struct pages.</summary>
    [Theory]
    [InlineData(64UL << 20)]
    [InlineData(100UL << 20)]
    [InlineData(200UL << 20)]
    public void LittleMemoryIsEnoughToTellVmemmap(ulong bytes)
    {
        KernelBuilder made = new()
        {
            Ram = [new(new(0), bytes)],
            TextPhysical = 16UL << 20,
            PoolAt = 32UL << 20,
            BaseVariables = false,
        };
        using BuiltMachine machine = BuiltMachine.Raw(made);
        DiscoveryAssert.Whole(machine.Kernel, machine.Discover());
    }

    /// <summary>vmalloc space without vmemmap must not pass for vmemmap.</summary>
    [Fact]
    public void WithoutStructPagesThereIsNoVmemmap()
    {
        KernelBuilder made = new() { Ram = [new(new(0), 64UL << 20)], PoolAt = 32UL << 20, BaseVariables = false };
        using BuiltMachine machine = BuiltMachine.Raw(made, (memory, kernel) => kernel.Tables.SetEntry(new(made.Vmemmap), 2, 0));
        LinuxKernel found = machine.Discover();
        Assert.Null(found.Facts.VmemmapBase);
        Assert.Null(found.ProcessTables);
    }

    /// <summary>KASAN maps its shadow of what is not used by the same few tables and one page, over terabytes.</summary>
    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void KasanShadowIsNotTakenForVmemmap(int levels)
    {
        KernelBuilder made = new()
        {
            Levels = levels,
            BaseVariables = false,
            PageOffset = levels == 5 ? 0xff11_0000_0000_0000 : 0xffff_8880_0000_0000,
            Vmalloc = levels == 5 ? 0xffa0_0000_0000_0000 : 0xffff_c900_0000_0000,
            Vmemmap = levels == 5 ? 0xffd4_0000_0000_0000 : 0xffff_ea00_0000_0000,
        };
        using BuiltMachine machine = BuiltMachine.Raw(made, MapShadow);
        DiscoveryAssert.Whole(machine.Kernel, machine.Discover());
    }

    /// <summary>kasan_early_init: every entry of each early table points at the one below (mm/kasan/init.c).</summary>
    internal static void MapShadow(PhysicalMemoryBuilder memory, BuiltKernel kernel)
    {
        PhysicalAddress page = kernel.Tables.AllocateTable();
        ulong entry = page.Value | 0x8000_0000_0000_0061;
        for (int level = 1; level <= 2; level++)
        {
            PhysicalAddress table = kernel.Tables.AllocateTable();
            for (ulong i = 0; i < 512; i++)
            {
                memory.Write(table + (i * sizeof(ulong)), entry);
            }

            entry = table.Value | 0x67;
        }

        // The real shadow has 16 TiB, of which 64 GiB tell as much.
        for (ulong gib = 0; gib < 64; gib++)
        {
            kernel.Tables.SetEntry(new(0xffff_ec00_0000_0000 + (gib << 30)), 3, entry);
        }
    }
}
