using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.AddressSpaces;

/// <summary>VMAs in a maple tree, whole and damaged.</summary>
public class MapleTreeTests
{
    private const ulong TreeAt = 0x10;
    private const ulong RootAt = 8;
    private const ulong MmAt = 0x10;
    private const ulong FlagsAt = 0x18;
    private const int PerLeaf = 7;

    // include/linux/maple_tree.h: leaves of 16 slots, inner nodes of 10.
    private const ulong LeafType = 1 << 3;
    private const ulong InnerType = 3 << 3;
    private const ulong NotEmpty = 4;
    private const ulong IsRoot = 2;

    private static readonly TestTypes Types = new(
        TestTypes.Struct("mm_struct", 0x80, ("mm_mt", TreeAt, TestTypes.Struct("maple_tree", 24, ("ma_root", RootAt, TestTypes.Pointer)))),
        TestTypes.Struct("maple_tree", 24, ("ma_root", RootAt, TestTypes.Pointer)),
        TestTypes.Struct("vm_area_struct", 0x40, ("vm_start", 0, TestTypes.Word), ("vm_end", 8, TestTypes.Word), ("vm_mm", MmAt, TestTypes.Pointer),
            ("vm_flags", FlagsAt, TestTypes.Word)));

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    public void EveryAreaIsFoundInOrder(int leaves)
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, leaves);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(tree.Mm);
        Assert.Empty(space.Damage);
        Assert.Equal(tree.Areas, space.Areas.Select(area => area.Address));
        Assert.All(space.Areas, area => Assert.Equal("r-xp", area.Rights));
        Assert.Equal(tree.Areas[3], space.AreaAt(new(space.Areas[3].End.Value - 1))?.Address);
        Assert.Null(space.AreaAt(space.Areas[3].End));
    }

    [Fact]
    public void ATreeThatIsNotDescribedIsFoundByItsRootsNodeLeadingBack()
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, 3);
        TestTypes without = new(Types.Named.OfType<Linux.Types.StructType>().Where(type => type.Name != "maple_tree"));
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(without)).Read(tree.Mm);
        Assert.Empty(space.Damage);
        Assert.Equal(tree.Areas, space.Areas.Select(area => area.Address));
    }

    [Fact]
    public void AnEmptyTreeHasNoAreas()
    {
        using ObjectMachine machine = new();
        VirtualAddress mm = machine.Take(0x80);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(mm);
        Assert.Empty(space.Areas);
        Assert.Empty(space.Damage);
    }

    [Theory]
    [InlineData("taken out")]
    [InlineData("lead back")]
    [InlineData("read")]
    public void WhatHangsOnADamagedNodeIsLeftOutAndNamed(string damage)
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, 3);
        VirtualAddress node = tree.Nodes[1];
        switch (damage)
        {
            case "taken out":
                machine.Word(node, node.Value);
                break;
            case "lead back":
                machine.Word(node, tree.Nodes[0].Value);
                break;
            default:
                machine.Word(tree.Root + 80 + 8, 0xffff_a000_0000_0000 | LeafType | NotEmpty);
                break;
        }

        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(tree.Mm);
        Assert.Contains(damage, Assert.Single(space.Damage), StringComparison.Ordinal);
        Assert.Equal([.. tree.Areas.Take(PerLeaf), .. tree.Areas.Skip(2 * PerLeaf)], space.Areas.Select(area => area.Address));
    }

    [Fact]
    public void ATreeThatHoldsItselfIsReadOnce()
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, 3);

        // The root as a child of its own: as a child it does not lead back to its parent, and were it to, it was seen.
        machine.Word(tree.Root + 80 + 8, tree.Root.Value | InnerType | NotEmpty);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(tree.Mm);
        Assert.Contains("twice", Assert.Single(space.Damage), StringComparison.Ordinal);
        Assert.Equal([.. tree.Areas.Take(PerLeaf), .. tree.Areas.Skip(2 * PerLeaf)], space.Areas.Select(area => area.Address));
    }

    [Fact]
    public void AnAreaThatIsNotWhereTheTreeHasItIsNotBelieved()
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, 2);
        machine.Word(tree.Areas[2], 0x1000);
        machine.Word(tree.Areas[4] + MmAt, 0x1234);
        machine.Word(tree.Areas[5] + 8, 0x1001);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(tree.Mm);
        Assert.Equal(3, space.Damage.Count);
        Assert.Equal(tree.Areas.Where((_, i) => i is not (2 or 4 or 5)), space.Areas.Select(area => area.Address));
    }

    [Fact]
    public void GarbageInAnyNodeIsSurvivedAndLeavesAreasInOrder()
    {
        using ObjectMachine machine = new();
        Tree tree = Build(machine, 4);
        Random random = new(11);
        byte[] garbage = new byte[256];
        int damaged = 0;
        foreach (VirtualAddress node in (VirtualAddress[])[.. tree.Nodes, tree.Root])
        {
            // All of the node but where it leads back to: what it holds is looked at then.
            random.NextBytes(garbage);
            machine.Bytes(node + 8, garbage.AsSpan(8));
            ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(tree.Mm);
            damaged += space.Damage.Count > 0 ? 1 : 0;
            Assert.True(space.Areas.Zip(space.Areas.Skip(1)).All(pair => pair.First.End.CompareTo(pair.Second.Start) <= 0));
            Assert.All(space.Areas, area => Assert.Contains(area.Address, tree.Areas));
        }

        Assert.Equal(1 + tree.Nodes.Length, damaged);
    }

    // A root whose slots are leaves, each with areas and a gap behind every one.
    private static Tree Build(ObjectMachine machine, int leaves)
    {
        VirtualAddress mm = machine.Take(0x80);
        VirtualAddress root = machine.Take(256);
        machine.Word(root, (mm + TreeAt).Value | 1);
        machine.Word(mm + TreeAt + RootAt, root.Value | InnerType | NotEmpty | IsRoot);
        List<VirtualAddress> areas = [];
        List<VirtualAddress> nodes = [];
        ulong at = 0;
        for (int i = 0; i < leaves; i++)
        {
            VirtualAddress leaf = machine.Take(256);
            nodes.Add(leaf);
            machine.Word(leaf, root.Value | ((ulong)i << 3) | 6);
            machine.Word(root + 80 + ((ulong)i * 8), leaf.Value | LeafType | NotEmpty);
            for (int slot = 0; slot < PerLeaf; slot++)
            {
                // The gap before the area, and the area: two slots, and the pivots that end them.
                VirtualAddress area = machine.Take(0x40);
                areas.Add(area);
                ulong start = at + 0x10_0000;
                ulong end = start + 0x3000;
                machine.Word(area, start);
                machine.Word(area + 8, end);
                machine.Word(area + MmAt, mm.Value);
                machine.Word(area + FlagsAt, 5);
                machine.Word(leaf + 8 + ((ulong)slot * 16), start - 1);
                machine.Word(leaf + 16 + ((ulong)slot * 16), end - 1);
                machine.Word(leaf + 128 + 8 + ((ulong)slot * 16), area.Value);
                at = end;
            }

            // The last leaf goes on to the end of all indexes, in one more empty slot; of the others the last area is the end.
            if (i < leaves - 1)
            {
                machine.Word(root + 8 + ((ulong)i * 8), at - 1);
            }
            else if (i < 9)
            {
                machine.Word(root + 8 + ((ulong)i * 8), ulong.MaxValue);
            }
        }

        return new(mm, root, [.. nodes], [.. areas]);
    }

    private sealed record Tree(VirtualAddress Mm, VirtualAddress Root, VirtualAddress[] Nodes, VirtualAddress[] Areas);
}
