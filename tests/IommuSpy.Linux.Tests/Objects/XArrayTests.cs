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
        Assert.Equal([(0UL, Value), (5UL, Value + 8), ((3UL << 6) + 63, Value + 16)], read.Entries.Select(entry => (entry.Index, entry.Value)));
    }

    [Fact]
    public void AnEmptyOneAndOneOfASingleEntryHaveNoNode()
    {
        using ObjectMachine machine = new();
        VirtualAddress array = machine.Take(16);
        Assert.Empty(XArray.Read(machine.Objects(Types(false)), array).Entries);
        machine.Word(array + 8, Value);
        Assert.Equal([new(0, 1, Value, false)], XArray.Read(machine.Objects(Types(false)), array).Entries);
    }

    /// <summary>
    /// An entry of four indexes and one of 64, as large folios and what was swapped out of them stand in the page cache; values are told from pointers.
    /// </summary>
    [Fact]
    public void An_entry_of_several_indexes_is_read_once_with_all_of_them()
    {
        using ObjectMachine machine = new();
        (VirtualAddress array, VirtualAddress top, VirtualAddress second) = Build(machine, false);
        const ulong Swapped = (77 << 1) | 1;
        machine.Word(second + SlotsAt + (8 * 8), Swapped);
        for (ulong slot = 9; slot < 12; slot++)
        {
            machine.Word(second + SlotsAt + (slot * 8), (8 << 2) | 2);
        }

        machine.Word(top + SlotsAt + (5 * 8), Value + 32);
        IReadOnlyList<ArrayEntry> read = XArray.Read(machine.Objects(Types(false)), array, withValues: true).Entries;
        Assert.Equal([new((3UL << 6) + 8, 4, Swapped, true), new((3UL << 6) + 63, 1, Value + 16, false), new(5UL << 6, 64, Value + 32, false)], read.Skip(2));
        Assert.Equal(4, XArray.Read(machine.Objects(Types(false)), array).Entries.Count);
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
        Assert.Contains(new(5, 1, Value + 8, false), read.Entries);
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
