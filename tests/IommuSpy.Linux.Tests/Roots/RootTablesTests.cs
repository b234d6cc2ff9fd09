using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Roots;

/// <summary>Every top-level table of a machine, and whose it is: all that were built, and no other.</summary>
public class RootTablesTests
{
    [Theory]
    [InlineData(4, false, 0UL)]
    [InlineData(4, true, 0UL)]
    [InlineData(5, false, 0UL)]
    [InlineData(5, true, 0UL)]
    [InlineData(4, true, 1UL << 47)]
    [InlineData(4, true, 1UL << 51)]
    public void AllAreFoundAndNamed(int levels, bool pti, ulong encryption)
    {
        KernelBuilder made = levels == 5
            ? new()
            {
                Levels = 5,
                Pti = pti,
                EncryptionBit = encryption,
                PageOffset = 0xff11_0000_0000_0000,
                Vmalloc = 0xffa0_0000_0000_0000,
                Vmemmap = 0xffd4_0000_0000_0000
            }
            : new() { Pti = pti, EncryptionBit = encryption };
        using BuiltMachine machine = BuiltMachine.Raw(made);
        BuiltKernel built = machine.Kernel;
        List<(PhysicalAddress, RootKind, ulong)> expected =
        [
            (built.TrampolineRoot, RootKind.Unlisted, 0),
            (built.Root, RootKind.Kernel, 0),
            (built.FreedRoot, RootKind.Unlisted, 7 * 4096),
            .. built.Processes.Select(process => (process.Root, RootKind.Process, process.UserBytes)),
        ];
        if (pti)
        {
            expected.Add((built.Root + PageFrame.Size, RootKind.PtiUserHalf, 0));
            expected.AddRange(built.Processes.Select(process => (process.UserHalf!.Value, RootKind.PtiUserHalf, process.UserBytes)));
        }

        IReadOnlyList<RootTable> found = RootTables.FindAll(machine.Discover());
        Assert.Equal(expected.OrderBy(root => root.Item1), found.Select(root => (root.Address, root.Kind, root.UserBytes)));
        Assert.All(found, root => Assert.Equal(levels, root.Levels));
        Assert.Equal("in low memory: the real-mode trampoline's", found[0].Name);
        Assert.Equal("init_top_pgt", found.Single(root => root.Kind == RootKind.Kernel).Name);
    }

    [Fact]
    public void WithoutTheListNobodySaysWhoseARootIs()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new() { Symbols = SymbolForm.None });
        Assert.All(
            RootTables.FindAll(machine.Discover()),
            root => Assert.Equal(root.Address == machine.Kernel.Root ? RootKind.Kernel : RootKind.Unknown, root.Kind));
    }

    /// <summary>As in 3.16's image, where level3_kernel_pgt stands behind init_level4_pgt: as a root it would share and lack what a user half does.</summary>
    [Fact]
    public void A_table_that_follows_the_kernels_root_is_no_user_half()
    {
        using BuiltMachine machine = BuiltMachine.Raw(KernelBuilder.Linux316(), (memory, kernel) =>
        {
            PhysicalAddress third = new(memory.ReadWord(kernel.Root + (511 * sizeof(ulong))) & 0x000f_ffff_ffff_f000);
            for (ulong i = 510; i < 512; i++)
            {
                memory.Write(kernel.Root + PageFrame.Size + (i * sizeof(ulong)), memory.ReadWord(third + (i * sizeof(ulong))));
            }
        });
        Assert.DoesNotContain(RootTables.FindAll(machine.Discover()), root => root.Kind == RootKind.PtiUserHalf);
    }

    /// <summary>Tables that all point at one another make thousands of millions of paths. Each table is counted once.</summary>
    [Fact]
    public void UserTablesInACircleAreCountedAtOnce()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new(), (memory, kernel) =>
        {
            PhysicalAddress table = kernel.Tables.AllocateTable();
            for (ulong i = 0; i < 512; i++)
            {
                memory.Write(table + (i * sizeof(ulong)), table.Value | 0x67);
                if (i < 256)
                {
                    memory.Write(kernel.Processes[0].Root + (i * sizeof(ulong)), table.Value | 0x67);
                }
            }
        });
        RootTable root = RootTables.FindAll(machine.Discover()).Single(root => root.Address == machine.Kernel.Processes[0].Root);
        Assert.Equal(1UL << 47, root.UserBytes);
    }
}
