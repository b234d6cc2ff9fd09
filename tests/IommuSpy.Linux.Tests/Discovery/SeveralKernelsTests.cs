using System.Buffers.Binary;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Images that hold more than one kernel: what an earlier boot left behind, or what was loaded to take over.</summary>
public class SeveralKernelsTests
{
    private static readonly PhysicalRange Ram = new(new(0), 512UL << 20);

    /// <summary>The earlier one comes first in memory, but part of it has been overwritten: of its list, its direct map, or its root.</summary>
    [Theory]
    [InlineData("list")]
    [InlineData("direct map")]
    [InlineData("root")]
    public void AnOverwrittenOneIsNotTaken(string overwritten)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(Ram.Start, Ram.Length);
        BuiltKernel earlier = Earlier().Build(memory);
        BuiltKernel later = Later().Build(memory);
        switch (overwritten)
        {
            case "list":
                memory.Write(earlier.StructPage(earlier.Processes[2].Root.Frame) + earlier.Made.ListHeadOffset, 0x1234);
                break;
            case "direct map":
                for (ulong at = 0; at < Ram.Length; at += 2UL << 20)
                {
                    earlier.Tables.SetEntry(new(earlier.Made.PageOffset + at), 2, (0x40_0000_0000 + at) | 0xe3);
                }

                break;
            default:
                memory.Write(earlier.Root, new byte[PageFrame.Size]);
                break;
        }

        DiscoveryAssert.Whole(later, Discover(memory));
    }

    /// <summary>Both are whole, so nothing in memory says which one runs: the first is taken.</summary>
    [Fact]
    public void OfTwoWholeOnesWithoutRegistersTheFirstIsTaken()
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(Ram.Start, Ram.Length);
        BuiltKernel earlier = Earlier().Build(memory);
        Later().Build(memory);
        DiscoveryAssert.Whole(earlier, Discover(memory));
    }

    /// <summary>The CPU says which one runs: through a process's table, its user half, or the kernel's own.</summary>
    [Theory]
    [InlineData("process")]
    [InlineData("user half")]
    [InlineData("kernel")]
    public void TheCpusRegistersSayWhichOneRuns(string cr3)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(Ram.Start, Ram.Length);
        Earlier().Build(memory);
        BuiltKernel later = Later().Build(memory);
        PhysicalAddress root = cr3 switch
        {
            "process" => later.Processes[1].Root,
            "user half" => later.Processes[1].UserHalf!.Value,
            _ => later.Root,
        };
        using TemporaryFile file = memory.WriteElf(CpuNote(root.Value | 0x1801));
        using MemoryImage image = MemoryImage.Open(file.Path);
        LinuxKernel found = LinuxKernel.Discover(image);
        DiscoveryAssert.Whole(later, found);
        Assert.Contains(found.Facts.PagingLevels.Witnesses, witness => witness.Source == "CPU registers, CR4.LA57");
    }

    /// <summary>What the registers point at is no table of a kernel: memory is searched all the same.</summary>
    [Theory]
    [InlineData(0UL)]
    [InlineData(0x000f_ffff_ffff_f000UL)]
    [InlineData(0x1000UL)]
    public void RegistersThatLeadNowhereDoNoHarm(ulong cr3)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(Ram.Start, Ram.Length);
        BuiltKernel built = Later().Build(memory);
        using TemporaryFile file = memory.WriteElf(CpuNote(cr3));
        using MemoryImage image = MemoryImage.Open(file.Path);
        DiscoveryAssert.Whole(built, LinuxKernel.Discover(image));
    }

    /// <summary>A P4D of a 5-level kernel is a 4-level root by its shape. Here no root comes before it.</summary>
    [Fact]
    public void AP4dInFrontOfEveryRootIsNotTakenForAFourLevelRoot()
    {
        using BuiltMachine machine = BuiltMachine.Raw(
            new()
            {
                Levels = 5,
                PageOffset = 0xff11_0000_0000_0000,
                Vmalloc = 0xffa0_0000_0000_0000,
                Vmemmap = 0xffd4_0000_0000_0000,
                Symbols = SymbolForm.OffsetsLast
            },
            (memory, kernel) => memory.Write(kernel.TrampolineRoot, new byte[PageFrame.Size]));
        DiscoveryAssert.Whole(machine.Kernel, machine.Discover());
    }

    private static KernelBuilder Earlier() => new()
    {
        Release = "6.1.0-earlier",
        Ram = [Ram],
        TextPhysical = 0x0200_0000,
        TextVirtual = 0xffff_ffff_8c00_0000,
        PoolAt = 0x0400_0000,
        TrampolineAt = 0x9_6000,
        PageOffset = 0xffff_9a41_c000_0000,
        Vmalloc = 0xffff_ab92_4000_0000,
        Vmemmap = 0xffff_e0c1_8000_0000,
        DirectMap = DirectMapPages.TwoMiB,
    };

    private static KernelBuilder Later() => new()
    {
        Release = "6.1.0-later",
        Ram = [Ram],
        TextPhysical = 0x0a00_0000,
        TextVirtual = 0xffff_ffff_9e00_0000,
        PoolAt = 0x0c00_0000,
        Pti = true,
    };

    private static LinuxKernel Discover(PhysicalMemoryBuilder memory)
    {
        using TemporaryFile file = memory.WriteRaw();

        // The mapping outlives the name; the process ends soon enough.
        return LinuxKernel.Discover(MemoryImage.Open(file.Path));
    }

    /// <summary>QEMU's note of one CPU in 64-bit mode with 4-level tables: version and size, 18 registers, ten segments, CR0 to CR4, one more.</summary>
    private static byte[] CpuNote(ulong cr3)
    {
        byte[] state = new byte[8 + (18 * 8) + (10 * 24) + (6 * 8)];
        BinaryPrimitives.WriteInt32LittleEndian(state, 1);
        BinaryPrimitives.WriteInt32LittleEndian(state.AsSpan(4), state.Length);
        int control = 8 + (18 * 8) + (10 * 24);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(control), 0x8005_0033);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(control + 24), cr3);
        BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(control + 32), 0x6f0);
        return ElfCoreBuilder.NoteBytes("QEMU", 0, state);
    }
}
