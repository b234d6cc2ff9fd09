using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Objects;

/// <summary>Arrays of two levels, of today and of before 4.20, whole and spoiled.</summary>
public class XArrayTests
{
    private const ulong SlotsAt = 0x28;
    private const ulong NodeBytes = SlotsAt + (64 * 8);
    private const ulong Value = 0xffff_8880_0012_3400;

    private static readonly KernelType Byte = new IntegerType("unsigned char", 1, IntegerEncoding.Unsigned);
    private static readonly KernelType Slots = new ArrayType(() => TestTypes.Pointer, 64);

    /// <summary>Whether it is one of before 4.20.</summary>
    public static TheoryData<bool> Ages => [false, true];

    [Theory]
    [MemberData(nameof(Ages))]
    public void EveryEntryIsReadWithItsIndex(bool isOld)
    {
        using ObjectMachine machine = new();
        (VirtualAddress array, _, _) = Build(machine, isOld);
        XArray read = XArray.Read(machine.Objects(Types(isOld)), array);
        Assert.Null(read.Damage);
        Assert.Equal([(0UL, Value), (5UL, Value + 8), ((3UL << 6) + 63, Value + 16)], read.Entries);
    }

    [Fact]
    public void AnEmptyOneAndOneOfASingleEntryHaveNoNode()
    {
        using ObjectMachine machine = new();
        VirtualAddress array = machine.Take(16);
        Assert.Empty(XArray.Read(machine.Objects(Types(false)), array).Entries);
        machine.Word(array + 8, Value);
        Assert.Equal([(0UL, Value)], XArray.Read(machine.Objects(Types(false)), array).Entries);
    }

    /// <summary>A node that leads to itself, and one whose level is another.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(60)]
    public void ANodeOfAnotherLevelIsNotFollowed(byte level)
    {
        using ObjectMachine machine = new();
        (VirtualAddress array, VirtualAddress top, VirtualAddress second) = Build(machine, false);
        machine.Word(top + SlotsAt + (7 * 8), (level == 6 ? top : second).Value | 2);
        machine.Bytes(second, [level == 6 ? (byte)0 : (byte)(level + 1)]);
        XArray read = XArray.Read(machine.Objects(Types(false)), array);
        Assert.Contains("not of the level that leads to it", read.Damage, StringComparison.Ordinal);
        Assert.Contains((5UL, Value + 8), read.Entries);
    }

    // Index 0 and 5 below slot 0, 255 below slot 3; a mark in slot 9 is no entry.
    private static (VirtualAddress Array, VirtualAddress Top, VirtualAddress Second) Build(ObjectMachine machine, bool isOld)
    {
        ulong tag = isOld ? 1UL : 2UL;
        VirtualAddress array = machine.Take(16);
        VirtualAddress top = machine.Take(NodeBytes);
        VirtualAddress first = machine.Take(NodeBytes);
        VirtualAddress second = machine.Take(NodeBytes);
        machine.Word(array + 8, top.Value | tag);
        machine.Bytes(top, [6]);
        machine.Word(top + SlotsAt, first.Value | tag);
        machine.Word(top + SlotsAt + (3 * 8), second.Value | tag);
        machine.Word(top + SlotsAt + (9 * 8), (256 << 2) | tag);
        machine.Word(first + SlotsAt, Value);
        machine.Word(first + SlotsAt + (5 * 8), Value + 8);
        machine.Word(second + SlotsAt + (63 * 8), Value + 16);
        return (array, top, second);
    }

    private static TestTypes Types(bool isOld) => new(
        TestTypes.Struct(isOld ? "radix_tree_node" : "xa_node", NodeBytes, ("shift", 0, Byte), ("slots", SlotsAt, Slots)),
        TestTypes.Struct(isOld ? "radix_tree_root" : "xarray", 16, (isOld ? "rnode" : "xa_head", 8, TestTypes.Pointer)));
}
