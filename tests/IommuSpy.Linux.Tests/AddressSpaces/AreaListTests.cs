using IommuSpy.Linux.AddressSpaces;
using IommuSpy.Linux.Tests.Objects;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.AddressSpaces;

/// <summary>VMAs on a list with a tree, as kernels up to 6.0 keep them.</summary>
public class AreaListTests
{
    private const ulong ListAt = 0x10;
    private const ulong TreeAt = 0x18;
    private const ulong NextAt = 0x10;
    private const ulong NodeAt = 0x20;
    private const ulong FlagsAt = 0x38;
    private const int Count = 7;

    private static readonly TestTypes Types = new(
        TestTypes.Struct("mm_struct", 0x80, ("mmap", ListAt, TestTypes.Pointer), ("mm_rb", TreeAt, TestTypes.Pointer)),
        TestTypes.Struct("vm_area_struct", 0x40,
            ("vm_start", 0, TestTypes.Word), ("vm_end", 8, TestTypes.Word), ("vm_next", NextAt, TestTypes.Pointer), ("vm_rb", NodeAt, TestTypes.TreeNode),
            ("vm_flags", FlagsAt, TestTypes.Word)));

    [Fact]
    public void EveryAreaIsFoundInOrder()
    {
        using ObjectMachine machine = new("init_task", "stack_guard_gap");
        (VirtualAddress mm, VirtualAddress[] areas) = Build(machine);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(mm);
        Assert.Empty(space.Damage);
        Assert.Equal(areas, space.Areas.Select(area => area.Address));
        Assert.Equal(areas[0].Value, space.Areas[0].Address.Value);
        Assert.Equal(0x40_0000UL, space.Areas[0].Start.Value);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(3)]
    public void WhatTheListLosesTheTreeHas(int target)
    {
        using ObjectMachine machine = new("init_task", "stack_guard_gap");
        (VirtualAddress mm, VirtualAddress[] areas) = Build(machine);
        machine.Word(areas[3] + NextAt, target < 0 ? 0xdead_0000_0000_0100 : areas[target].Value);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(mm);
        Assert.Equal(areas, space.Areas.Select(area => area.Address));
        Assert.Equal(2, space.Damage.Count);
        Assert.Contains("3 more", space.Damage[1], StringComparison.Ordinal);
    }

    [Fact]
    public void ATreeWithARingInItEndsToo()
    {
        using ObjectMachine machine = new("init_task", "stack_guard_gap");
        (VirtualAddress mm, VirtualAddress[] areas) = Build(machine);
        machine.Word(areas[3] + NextAt, areas[0].Value);
        machine.Word(areas[5] + NodeAt + 16, (areas[1] + NodeAt).Value);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(mm);
        Assert.Contains("does not lead back", space.Damage[1], StringComparison.Ordinal);
        Assert.Equal(areas.Where((_, i) => i != 4), space.Areas.Select(area => area.Address));
    }

    [Fact]
    public void BeforeTheStackGapTheGuardPageIsNotShown()
    {
        using ObjectMachine machine = new("init_task");
        (VirtualAddress mm, VirtualAddress[] areas) = Build(machine);
        machine.Word(areas[6] + FlagsAt, AreaFlags.Read | AreaFlags.Write | AreaFlags.GrowsDown);
        ProcessMemory space = new ProcessMemoryReader(machine.Objects(Types)).Read(mm);
        Assert.Equal(machine.Word(areas[6]) + PageFrame.Size, space.Areas[6].Start.Value);
        Assert.Equal(machine.Word(areas[5]), space.Areas[5].Start.Value);
    }

    // Seven areas; the tree is balanced: 3 above 1 and 5, those above 0, 2, 4 and 6.
    private static (VirtualAddress Mm, VirtualAddress[] Areas) Build(ObjectMachine machine)
    {
        VirtualAddress mm = machine.Take(0x80);
        VirtualAddress[] areas = [.. Enumerable.Range(0, Count).Select(_ => machine.Take(0x40))];
        for (int i = 0; i < Count; i++)
        {
            machine.Word(areas[i], 0x40_0000 + ((ulong)i * 0x1_0000));
            machine.Word(areas[i] + 8, 0x40_4000 + ((ulong)i * 0x1_0000));
            machine.Word(areas[i] + NextAt, i + 1 < Count ? areas[i + 1].Value : 0);
            machine.Word(areas[i] + FlagsAt, 3);
        }

        machine.Word(mm + ListAt, areas[0].Value);
        machine.Word(mm + TreeAt, (areas[3] + NodeAt).Value);
        Children(3, 1, 5);
        Children(1, 0, 2);
        Children(5, 4, 6);
        return (mm, areas);

        void Children(int parent, int left, int right)
        {
            VirtualAddress node = areas[parent] + NodeAt;
            machine.Word(node + 16, (areas[left] + NodeAt).Value);
            machine.Word(node + 8, (areas[right] + NodeAt).Value);
            machine.Word(areas[left] + NodeAt, node.Value | 1);
            machine.Word(areas[right] + NodeAt, node.Value);
        }
    }
}
