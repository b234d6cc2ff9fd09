using IommuSpy.Linux.Resources;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Resources;

/// <summary>The kernel's list of what stands where, as it lies in memory before 4.6 and since, whole and damaged.</summary>
public class ResourceTreeTests
{
    private const ulong Bytes = 64;
    private const int Since46 = 40;
    private const int Before46 = 32;

    // Number, its parent's and its next one's; -1 is the root, 0 is none.
    private static readonly (ulong Start, ulong Last, string Name, int Parent, int Next, int Child)[] Whole =
    [
        (0x0, 0xfff, "Reserved", -1, 1, 0),
        (0x1000, 0xfff_ffff, "System RAM", -1, 2, 3),
        (0xfed0_0000, 0xfed0_03ff, "HPET 0", -1, 0, 5),
        (0x100_0000, 0x1ff_ffff, "Kernel code", 1, 4, 0),
        (0x200_0000, 0x2ff_ffff, "Kernel \e[2Jdata", 1, 0, 0),
        (0xfed0_0000, 0xfed0_03ff, "PNP0103:00", 2, 0, 0),
    ];

    [Theory]
    [InlineData(Before46)]
    [InlineData(Since46)]
    public void Every_resource_is_listed_before_those_in_it(int parentAt)
    {
        ResourceTree tree = Read(parentAt, (_, _) => { });
        Assert.Null(tree.Damage);
        Assert.Equal(
            ["0 Reserved", "0 System RAM", "1 Kernel code", "1 Kernel \e[2Jdata", "0 HPET 0", "1 PNP0103:00"],
            tree.All.Select(resource => $"{resource.Depth} {resource.Name}"));
        Assert.Equal(["System RAM", "Kernel code"], tree.At(0x123_4567).Select(resource => resource.Name));
        Assert.Equal("PNP0103:00", tree.Innermost(0xfed0_0000)?.Name);
        Assert.Equal("PNP0103:00", tree.Innermost(0xfed0_0010)?.Name);
        Assert.Null(tree.Innermost(0xfed0_1000));
        Assert.Empty(tree.At(0x2000_0000));
    }

    [Fact]
    public void The_page_in_which_a_resource_begins_late_has_its_name()
    {
        ResourceTree tree = Read(Since46, (write, _) => write(2, 0, 0xfed0_0200));
        Assert.Equal("HPET 0", tree.Innermost(0xfed0_0000)?.Name);
    }

    [Fact]
    public void What_is_no_child_of_its_parent_ends_that_list_and_no_other()
    {
        ResourceTree tree = Read(Since46, (write, at) => write(4, Since46, at(2)));
        Assert.Equal(["Reserved", "System RAM", "Kernel code", "HPET 0", "PNP0103:00"], tree.All.Select(resource => resource.Name));
        Assert.Contains("the list of resources ends early", tree.Damage, StringComparison.Ordinal);
        Assert.Contains("none of System RAM", tree.Damage, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 0x20UL)]
    [InlineData(8, 0x1000_0000UL)]
    public void What_lies_outside_of_its_parent_is_damage(int field, ulong value)
    {
        ResourceTree tree = Read(Since46, (write, _) => write(3, field, value));
        Assert.Equal(["Reserved", "System RAM", "HPET 0", "PNP0103:00"], tree.All.Select(resource => resource.Name));
        Assert.NotNull(tree.Damage);
    }

    [Fact]
    public void A_list_that_leads_back_into_itself_ends()
    {
        ResourceTree tree = Read(Since46, (write, at) => write(2, Since46 + 8, at(0)));
        Assert.Equal(Whole.Length, tree.All.Count);
        Assert.NotNull(tree.Damage);
    }

    [Fact]
    public void A_root_that_begins_no_list_is_none()
    {
        using BuiltMachine machine = Made((memory, kernel) => memory.Write(kernel.PhysicalOf("iomem_resource"), 1UL));
        Assert.Contains("begins none", ResourceTree.OfMemory(machine.Discover()).Absence, StringComparison.Ordinal);
        Assert.Contains("no symbol ioport_resource", ResourceTree.OfPorts(machine.Discover()).Absence, StringComparison.Ordinal);
    }

    private static ResourceTree Read(int parentAt, Action<Action<int, int, ulong>, Func<int, ulong>> change)
    {
        using BuiltMachine machine = Made((memory, kernel) =>
        {
            ulong at(int number) => kernel.Places["resources"].Value + ((ulong)number * Bytes);
            void write(int number, int field, ulong value) => memory.Write(kernel.PhysicalOf("resources") + ((ulong)number * Bytes) + (ulong)field, value);
            ulong root = kernel.Places["iomem_resource"].Value;
            memory.Write(kernel.PhysicalOf("iomem_resource") + 8, ulong.MaxValue);
            memory.Write(kernel.PhysicalOf("iomem_resource") + (ulong)parentAt + 16, at(0));
            for (int i = 0; i < Whole.Length; i++)
            {
                ulong name = (ulong)i * 32;
                memory.Write(kernel.PhysicalOf("resource_names") + name, System.Text.Encoding.UTF8.GetBytes(Whole[i].Name));
                write(i, 0, Whole[i].Start);
                write(i, 8, Whole[i].Last);
                write(i, 16, kernel.Places["resource_names"].Value + name);
                write(i, parentAt, Whole[i].Parent < 0 ? root : at(Whole[i].Parent));
                write(i, parentAt + 8, Whole[i].Next == 0 ? 0 : at(Whole[i].Next));
                write(i, parentAt + 16, Whole[i].Child == 0 ? 0 : at(Whole[i].Child));
            }

            change(write, at);
        });
        return ResourceTree.OfMemory(machine.Discover()).Required;
    }

    private static BuiltMachine Made(Action<PhysicalMemoryBuilder, BuiltKernel> write) => BuiltMachine.Raw(
        new() { MoreVariables = [("iomem_resource", 64), ("resources", Bytes * 16), ("resource_names", 512)] },
        write);
}
