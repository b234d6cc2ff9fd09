using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Kernels in memory that is not whole.</summary>
public class DamagedKernelTests
{
    /// <summary>What is wrong with the list, and nothing else.</summary>
    public static TheoryData<string> Lists => [.. BrokenLists.Keys];

    private static Dictionary<string, Action<PhysicalMemoryBuilder, BuiltKernel>> BrokenLists => new(StringComparer.Ordinal)
    {
        ["a cycle"] = (memory, kernel) => memory.Write(Link(kernel, 3), Element(kernel, 1)),
        ["a link to itself"] = (memory, kernel) => memory.Write(Link(kernel, 3), Element(kernel, 3)),
        ["a null link"] = (memory, kernel) => memory.Write(Link(kernel, 2), 0),
        ["a wild link"] = (memory, kernel) => memory.Write(Link(kernel, 2), 0xdead_0000_0000_0100),
        ["a link into the image"] = (memory, kernel) => memory.Write(Link(kernel, 2), kernel.Places["linux_banner"].Value),
        ["a link to the end of the address space"] = (memory, kernel) => memory.Write(Link(kernel, 2), ulong.MaxValue - 7),
        ["a back link that leads elsewhere"] = (memory, kernel) => memory.Write(Link(kernel, 2) + sizeof(ulong), Element(kernel, 4)),
        ["a member at another offset"] = (memory, kernel) =>
        {
            memory.Write(Link(kernel, 4), Element(kernel, 0) + 8);
            PhysicalAddress odd = Link(kernel, 0) + 8;
            memory.Write(odd, kernel.Places["pgd_list"].Value);
            memory.Write(odd + 8, Element(kernel, 4));
        },
        ["an empty head"] = (memory, kernel) => memory.Write(kernel.PhysicalOf("pgd_list"), 0),
        ["an element of a frame beyond all memory"] = (memory, kernel) =>
        {
            // Mapped, linked back and forth, but no struct page: in the highest page of the address space.
            ulong element = 0xffff_ffff_ffff_f008;
            PhysicalAddress page = kernel.Tables.AllocateTable();
            kernel.Tables.Map4K(new(element & ~0xfffUL), page);
            memory.Write(kernel.PhysicalOf("pgd_list"), element);
            memory.Write(page + 8, kernel.Places["pgd_list"].Value);
            memory.Write(page + 16, kernel.Places["pgd_list"].Value);
        },
    };

    [Theory]
    [MemberData(nameof(Lists))]
    public void ABrokenListOfProcessesIsNotBelieved(string name)
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), BrokenLists[name]);
        LinuxKernel found = machine.Discover();
        Assert.Null(found.ProcessTables);
        Assert.Equal(machine.Kernel.Root, found.Facts.RootTable.Value);
        Assert.Equal(new(machine.Kernel.Made.Vmemmap), found.Facts.VmemmapBase!.Value);
    }

    /// <summary>The file ends before RAM does: what is there is right, and what is not is not claimed.</summary>
    [Theory]
    [InlineData(160UL << 20)]
    [InlineData(250UL << 20)]
    public void ATruncatedImageStillTellsItsKernel(ulong bytes)
    {
        KernelBuilder made = new();
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), bytes);
        BuiltKernel built = made.Build(memory);
        using TemporaryFile file = memory.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        LinuxKernel found = LinuxKernel.Discover(image);
        DiscoveryAssert.Whole(built, found);
        Assert.Equal(bytes, found.Memory.ByteCount);
    }

    /// <summary>Half of the image's own pages are beyond the end.</summary>
    [Theory]
    [InlineData(17UL << 20)]
    [InlineData(19UL << 20)]
    [InlineData(21UL << 20)]
    public void AnImageThatEndsInsideTheKernelIsRefusedOrToldRightly(ulong bytes)
    {
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(0), bytes);
        BuiltKernel built = new KernelBuilder { PoolAt = 4UL << 20 }.Build(memory);
        using TemporaryFile file = memory.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path);
        LinuxKernel? found = null;
        try
        {
            found = LinuxKernel.Discover(image);
        }
        catch (LinuxDiscoveryException)
        {
        }

        Assert.True(found is null || (found.Facts.PhysicalBase.Value == built.Made.PhysicalBase && found.Facts.Release.Value == built.Made.Release));
    }

    /// <summary>Freed page-table pages hold anything. Only what is still linked counts.</summary>
    [Fact]
    public void GarbageInTablesOfProcessesDoesNoHarm()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) =>
        {
            Random random = new(3);
            byte[] lowerHalf = new byte[PageFrame.Size / 2];
            foreach (BuiltProcess process in kernel.Processes)
            {
                random.NextBytes(lowerHalf);
                memory.Write(process.Root, lowerHalf);
            }
        });
        DiscoveryAssert.Whole(machine.Kernel, machine.Discover());
    }

    /// <summary>The file is the RAM of a machine with a hole, but for the user's word that it has none.</summary>
    [Fact]
    public void ReadTheWrongWayTheKernelIsFoundButItsDirectMapIsNotWhole()
    {
        KernelBuilder made = new() { Ram = [new(new(0), 2UL << 30), new(new(4UL << 30), 1UL << 30)] };
        using BuiltMachine machine = BuiltMachine.Raw(made, options: new(RamSplit: 0));
        Assert.Equal(new PhysicalRange(new(0), 3UL << 30), Assert.Single(machine.Discover().Memory.Ranges));
    }

    private static ulong Element(BuiltKernel kernel, int process) =>
        kernel.Made.Vmemmap + (kernel.Processes[process].Root.Frame.Number * KernelBuilder.StructPageBytes) + kernel.Made.ListHeadOffset;

    private static PhysicalAddress Link(BuiltKernel kernel, int process) =>
        kernel.StructPage(kernel.Processes[process].Root.Frame) + kernel.Made.ListHeadOffset;
}
