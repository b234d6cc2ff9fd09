using IommuSpy.Memory;
using IommuSpy.Testing.Arm64;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Translation.Tests.Arm64;

/// <summary>Walks of arm64 tables, by the descriptors and indexes that Arm's manual gives (D8.2 and D8.3).</summary>
public sealed class Arm64FormatTests
{
    private const ulong Ram = 0x4000_0000;
    private const ulong User = Arm64Descriptor.Accessed | Arm64Descriptor.UserAccess | Arm64Descriptor.NotGlobal | Arm64Descriptor.PrivilegedExecuteNever;

    public static TheoryData<int> Regimes => [.. Enumerable.Range(0, Arm64Regime.All.Count)];

    [Theory]
    [MemberData(nameof(Regimes))]
    public void Each_half_is_translated_by_its_own_table_at_every_level_that_has_leaves(int which)
    {
        Arm64Regime regime = Arm64Regime.All[which];
        int[] leafLevels =
            [.. Enumerable.Range(1, regime.Levels).Where(level => level == 1 || regime.Format.ReservedBits(Arm64Descriptor.Valid, level) == 0)];
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(Ram), 16 << 20);
        Arm64TableBuilder kernel = new(memory, regime, new(Ram));
        Arm64TableBuilder process = new(memory, regime, new(Ram + (8 << 20)));
        ulong top = 0UL - (1UL << regime.HalfBits);
        ulong slot = regime.Format.SlotBytes(regime.Levels);
        foreach (int level in leafLevels)
        {
            // In the upper half's last slots, and in the lower half's first.
            kernel.Map(new(0UL - (regime.Format.SlotBytes(level) * (ulong)(level + 1))), Physical(regime, level), level);
            process.Map(new(regime.Format.SlotBytes(level) * (ulong)(level + 1)), Physical(regime, level), level, User);
        }

        using BuiltMemory built = memory.Build(Backing.Mapped);
        AddressSpace space = AddressSpace.Of(built.Memory, process.Root, regime.Mode(kernel.Root));
        foreach (int level in leafLevels)
        {
            ulong bytes = regime.Format.SlotBytes(level);
            foreach (ulong address in new[] { 0UL - (bytes * (ulong)(level + 1)) + 0x123, (bytes * (ulong)(level + 1)) + 0x123 })
            {
                AddressTranslation walk = space.Translate(new(address));
                Assert.Equal((Physical(regime, level) + 0x123, bytes), (walk.Physical!.Value, walk.PageSize));
                Assert.Equal(address > long.MaxValue ? kernel.Root : process.Root, walk.Root);
                Assert.Equal([.. Enumerable.Range(level, regime.Levels - level + 1).Reverse().Select(at => $"L{4 - at}")],
                    walk.Steps.Select(step => regime.Format.LevelName(step.Level)));
                Assert.True(space.TryTranslate(new(address), out PhysicalAddress physical));
                Assert.Equal(walk.Physical.Value, physical);
            }
        }

        Assert.Equal((new VirtualAddress((1UL << regime.HalfBits) - 1), new VirtualAddress(top)), (space.LastUserAddress, space.FirstKernelAddress));
        Assert.Equal(TranslationOutcome.NonCanonical, space.Translate(new(1UL << regime.HalfBits)).Outcome);
        Assert.Equal(regime.TopEntries, space.Mode.TopEntries);
        Assert.Equal((1UL << regime.HalfBits) / slot, (ulong)regime.TopEntries);

        // Visits and translations of many see the same, in both halves.
        LeafList leaves = new();
        space.Visit(ref leaves);
        ulong[] addresses = [.. leaves.Leaves.Select(leaf => leaf.Address)];
        ulong[] many = new ulong[addresses.Length];
        space.TranslateMany(addresses, many);
        Assert.Equal(2 * leafLevels.Length, addresses.Length);
        Assert.Equal(leaves.Leaves.Select(leaf => leaf.Physical.Value), many);

        // The kernel's own space has no lower half.
        AddressSpace own = AddressSpace.Of(built.Memory, kernel.Root, regime.Mode(kernel.Root));
        LeafList upper = new();
        own.Visit(ref upper);
        Assert.Equal(leafLevels.Length, upper.Leaves.Count);
        Assert.Equal(TranslationOutcome.NotPresent, own.Translate(new(regime.Format.PageBytes * 2)).Outcome);
    }

    [Theory]
    [InlineData(0, 0x0003_1234_5678_9303UL, 0x000f_1234_5678_9000UL)] // 4 KiB pages
    [InlineData(6, 0x0003_1234_5678_8303UL, 0x000f_1234_5678_8000UL)] // 16 KiB pages
    public void With_LPA2_bits_9_and_8_are_address_bits_51_and_50(int which, ulong leaf, ulong physical) =>
        Assert.Equal(physical, Arm64Regime.All[which].Format.Target(leaf));

    [Fact]
    public void With_pages_of_64_KiB_bits_15_to_12_are_address_bits_51_to_48() =>
        Assert.Equal(0x000f_1234_5678_0000UL, TableFormat.Of<Arm64Format<Granule64K>>().Target(0x0000_1234_5678_f003));

    [Theory]
    [InlineData(0x0000_0000_0000_0443, AccessRights.User | AccessRights.Read | AccessRights.Write | AccessRights.Execute)]
    [InlineData(0x00e8_0000_0000_0f43, AccessRights.User | AccessRights.Read | AccessRights.Write)] // Linux 6.1, user data.
    [InlineData(0x0020_0000_0000_0fc3, AccessRights.User | AccessRights.Read | AccessRights.Execute)] // user text
    [InlineData(0x0060_0000_0000_0fc3, AccessRights.User | AccessRights.Read)] // user rodata
    [InlineData(0x0068_0000_0000_0fc3, AccessRights.User | AccessRights.Read | AccessRights.Write)] // clean, the first write makes it dirty
    [InlineData(0x0020_0000_0000_0f83, AccessRights.User | AccessRights.Execute)] // user text that may only be executed
    [InlineData(0x00d0_0000_0000_0783, AccessRights.Read | AccessRights.Execute)] // kernel text
    [InlineData(0x00e0_0000_0000_0783, AccessRights.Read)] // kernel rodata
    [InlineData(0x00f8_0000_0000_0703, AccessRights.Read | AccessRights.Write)] // kernel data
    public void Rights_of_a_leaf_are_those_of_its_bits(ulong leaf, AccessRights rights) =>
        Assert.Equal(rights, TableFormat.Of<Arm64Format<Granule4K>>().OwnRights(leaf, 1));

    [Theory]
    [InlineData(59, AccessRights.Read | AccessRights.Write, AccessRights.User | AccessRights.Read | AccessRights.Write | AccessRights.Execute)]
    [InlineData(60, AccessRights.Read | AccessRights.Write | AccessRights.Execute, AccessRights.User | AccessRights.Read | AccessRights.Write)]
    [InlineData(61, AccessRights.Read | AccessRights.Write | AccessRights.Execute, AccessRights.User | AccessRights.Execute)]
    [InlineData(62, AccessRights.Read | AccessRights.Execute, AccessRights.User | AccessRights.Read | AccessRights.Execute)]
    public void A_table_takes_rights_away_from_all_below_it(int bit, AccessRights kernel, AccessRights user)
    {
        Arm64Regime regime = Arm64Regime.All[1];
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(new(Ram), 1 << 20);
        Arm64TableBuilder tables = new(memory, regime, new(Ram)) { TableAttributes = 1UL << bit };
        tables.Map(new(0xffff_8000_0000_0000), new(Ram), 1, Arm64Descriptor.Accessed | Arm64Descriptor.UserExecuteNever);
        tables.Map(new(0xffff_8000_0000_1000), new(Ram), 1, Arm64Descriptor.Accessed | Arm64Descriptor.UserAccess | Arm64Descriptor.PrivilegedExecuteNever);
        using BuiltMemory built = memory.Build(Backing.Mapped);
        AddressSpace space = AddressSpace.Of(built.Memory, tables.Root, regime.Mode(tables.Root));
        Assert.Equal(kernel, space.Translate(new(0xffff_8000_0000_0000)).Rights);
        Assert.Equal(user, space.Translate(new(0xffff_8000_0000_1000)).Rights);
    }

    /// <summary>A type of 01 at the last level, and a block at a level that has none, are reserved: the CPU faults.</summary>
    [Theory]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, false)]
    [InlineData(1, 3, false)]
    [InlineData(1, 4, true)]
    [InlineData(0, 4, false)]
    [InlineData(7, 3, true)]
    [InlineData(6, 3, false)]
    public void A_block_at_a_level_that_has_none_is_reserved(int which, int level, bool reserved) =>
        Assert.Equal(reserved, Arm64Regime.All[which].Format.ReservedBits(Arm64Descriptor.Valid, level) != 0);

    [Fact]
    public void Flags_have_the_manuals_names()
    {
        TableFormat format = TableFormat.Of<Arm64Format<Granule4K>>();
        Assert.Equal(["Valid", "Page", "AttrIndx=0", "AP[1]", "SH=3", "AF", "nG", "DBM", "PXN", "UXN", "SW55"], format.FlagNames(0x00e8_0000_4321_0f43, 1));
        Assert.Equal(["Valid", "Block", "AttrIndx=0", "AP[2]", "SH=3", "AF", "Contiguous", "UXN", "SW55"], format.FlagNames(0x00d0_0000_4320_0781, 2));
        Assert.Equal(["Valid", "Table", "PXNTable", "UXNTable"], format.FlagNames(0x1800_0000_4321_0003, 3));
        Assert.DoesNotContain("SH=3", TableFormat.Of<Arm64Format<Granule4KLpa2>>().FlagNames(0x00e8_0000_4321_0f43, 1));
    }

    private static PhysicalAddress Physical(Arm64Regime regime, int level) => new(regime.Format.SlotBytes(level) * 3 % (1UL << 48));
}
