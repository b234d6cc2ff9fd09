using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Kernels of every kind, found whole: each fact with no witness against it, each symbol, each process.</summary>
public class WholeKernelTests
{
    private const ulong MiB = 1UL << 20;
    private const ulong GiB = 1UL << 30;

    public static TheoryData<string> Names => [.. Kernels.Keys];

    private static Dictionary<string, KernelBuilder> Kernels => new(StringComparer.Ordinal)
    {
        ["3.16"] = KernelBuilder.Linux316(),
        ["3.16 with KASLR: only the text moves"] = KernelBuilder.Linux316() with
        {
            TextVirtual = 0xffff_ffff_9220_0000,
            TextPhysical = 0x1220_0000,
            Ram = [new(new(0), 512 * MiB)],
        },
        ["3.16 late: page-table isolation, pre-4.6 symbols"] = KernelBuilder.Linux316() with
        {
            Pti = true,
        },
        ["3.16, direct map of 2 MiB pages, swapper_pg_dir"] = new()
        {
            Release = "3.16.59",
            PageOffset = 0xffff_8800_0000_0000,
            ModulesBase = 0xffff_ffff_a000_0000,
            Symbols = SymbolForm.Absolute,
            BaseVariables = false,
            RootName = "swapper_pg_dir",
            Note = NoteForm.None,
            ListHeadOffset = 32,
            HasCpuEntryArea = false,
            DirectMap = DirectMapPages.TwoMiB,
        },
        ["3.16, direct map of 4 KiB pages, no VMCOREINFO"] = new()
        {
            Release = "3.16.59",
            PageOffset = 0xffff_8800_0000_0000,
            ModulesBase = 0xffff_ffff_a000_0000,
            Symbols = SymbolForm.Absolute,
            BaseVariables = false,
            RootName = "init_level4_pgt",
            Note = NoteForm.None,
            ListHeadOffset = 32,
            HasCpuEntryArea = false,
            DirectMap = DirectMapPages.FourKiB,
        },
        ["4.9 with KASLR of the text and all three bases"] = new()
        {
            Release = "4.9.0-19-amd64",
            RootName = "init_level4_pgt",
            TextVirtual = 0xffff_ffff_b4c0_0000,
            TextPhysical = 0x0580_0000,
            PageOffset = 0xffff_9a41_c000_0000,
            Vmalloc = 0xffff_ab92_4000_0000,
            Vmemmap = 0xffff_e0c1_8000_0000,
            ListHeadOffset = 32,
            HasCpuEntryArea = false,
        },
        ["4.19, offsets, nokaslr, page-table isolation"] = new() { Release = "4.19.0-27-amd64", Pti = true },
        ["5.10 with KASLR"] = new()
        {
            Release = "5.10.0-33-amd64",
            TextVirtual = 0xffff_ffff_8a60_0000,
            TextPhysical = 0x0460_0000,
            PageOffset = 0xffff_a03c_4000_0000,
            Vmalloc = 0xffff_b2d3_c000_0000,
            Vmemmap = 0xffff_f151_8000_0000,
        },
        ["6.1 without KASLR"] = new(),
        ["6.12 with KASLR, page-table isolation, offsets last"] = new()
        {
            Release = "6.12.43+deb12-amd64",
            Symbols = SymbolForm.OffsetsLast,
            Pti = true,
            TextVirtual = 0xffff_ffff_a3e0_0000,
            TextPhysical = 0x0620_0000,
            PageOffset = 0xffff_8cd1_0000_0000,
            Vmalloc = 0xffff_a1b5_8000_0000,
            Vmemmap = 0xffff_ee10_4000_0000,
        },
        ["6.12, 5 levels, nokaslr"] = new()
        {
            Release = "6.12.43+deb12-amd64",
            Symbols = SymbolForm.OffsetsLast,
            Levels = 5,
            PageOffset = 0xff11_0000_0000_0000,
            Vmalloc = 0xffa0_0000_0000_0000,
            Vmemmap = 0xffd4_0000_0000_0000,
        },
        ["6.12, 5 levels, KASLR"] = new()
        {
            Release = "6.12.43+deb12-amd64",
            Symbols = SymbolForm.OffsetsLast,
            Levels = 5,
            TextVirtual = 0xffff_ffff_8d80_0000,
            TextPhysical = 0x0300_0000,
            PageOffset = 0xff1f_47a2_c000_0000,
            Vmalloc = 0xffa3_9d01_4000_0000,
            Vmemmap = 0xffdb_10f3_8000_0000,
        },
        ["SME: the C-bit is bit 47"] = new() { EncryptionBit = 1UL << 47 },
        ["SEV: the C-bit is bit 51, page-table isolation"] = new() { EncryptionBit = 1UL << 51, Pti = true },
        ["SEV with 5 levels"] = new()
        {
            EncryptionBit = 1UL << 51,
            Levels = 5,
            PageOffset = 0xff11_0000_0000_0000,
            Vmalloc = 0xffa0_0000_0000_0000,
            Vmemmap = 0xffd4_0000_0000_0000,
        },
        ["kernel above 4 GiB, hole below"] = new()
        {
            Ram = [new(new(0), 2 * GiB), new(new(4 * GiB), 3 * GiB)],
            TextPhysical = 0x1_2340_0000,
            TextVirtual = 0xffff_ffff_9b40_0000,
        },
        ["RAM split at 3 GiB"] = new() { Ram = [new(new(0), 3 * GiB), new(new(4 * GiB), 1 * GiB)] },
        ["RAM split at 2 GiB, 128 MiB above"] = new() { Ram = [new(new(0), 2 * GiB), new(new(4 * GiB), 128 * MiB)] },
        ["5 GiB without a hole"] = new() { Ram = [new(new(0), 5 * GiB)] },
        ["one process"] = new() { ProcessCount = 1 },
        ["no process yet"] = new() { ProcessCount = 0 },
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void IsFoundWhole(string name)
    {
        using BuiltMachine machine = BuiltMachine.Raw(Kernels[name]);
        LinuxKernel found = machine.Discover();
        DiscoveryAssert.Whole(machine.Kernel, found);
        DiscoveryAssert.MapsAllMemory(machine.Kernel, found);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void HasTheSameRangesOfMemoryWhereTheFileLeavesOutTheHole(string name)
    {
        using BuiltMachine machine = BuiltMachine.Raw(Kernels[name]);
        Assert.Equal(machine.Kernel.Made.Ram, machine.Discover().Memory.Ranges);
    }
}
