using CsCheck;
using IommuSpy.Memory;
using IommuSpy.Translation.X64;

namespace IommuSpy.Translation.Tests;

public class RightsTests
{
    private const ulong RightsBits = X64Entry.Writable | X64Entry.UserAccess | X64Entry.NoExecute;
    private const AccessRights All = AccessRights.Read | AccessRights.Write | AccessRights.Execute | AccessRights.User;

    private static readonly VirtualAddress Address = new(0x7000_1234_5000);

    [Theory]
    [InlineData(0, AccessRights.Read | AccessRights.Execute)]
    [InlineData(X64Entry.Writable, AccessRights.Read | AccessRights.Execute | AccessRights.Write)]
    [InlineData(X64Entry.UserAccess, AccessRights.Read | AccessRights.Execute | AccessRights.User)]
    [InlineData(X64Entry.NoExecute, AccessRights.Read)]
    [InlineData(RightsBits, AccessRights.Read | AccessRights.Write | AccessRights.User)]
    public void The_rights_of_one_entry_are_its_bits(ulong bits, AccessRights rights) =>
        Assert.Equal(rights, X64Format.Rights(X64Format.Grants(X64Entry.Present | bits, 1)));

    [Theory]
    [InlineData(4)]
    [InlineData(3)]
    [InlineData(2)]
    [InlineData(1)]
    public void Each_right_is_lost_by_any_one_level(int level)
    {
        Assert.Equal(All & ~AccessRights.Execute, RightsWith(level, set: X64Entry.NoExecute, clear: 0));
        Assert.Equal(All & ~AccessRights.Write, RightsWith(level, set: 0, clear: X64Entry.Writable));
        Assert.Equal(All & ~AccessRights.User, RightsWith(level, set: 0, clear: X64Entry.UserAccess));
        Assert.Equal(All, RightsWith(level, set: 0, clear: 0));
    }

    [Fact]
    public void The_rights_of_a_path_are_those_that_every_level_lets_through() =>
        Gen.Select(Gen.Int[4, 5], Gen.Int[1, 3], Gen.ULong.Select(bits => bits & RightsBits).Array[5]).Sample((levels, leafLevel, bits) =>
        {
            using Machine machine = Machine.With(
                levels,
                tables =>
                {
                    _ = leafLevel switch
                    {
                        1 => tables.Map4K(Address, new(0x5000)),
                        2 => tables.Map2M(Address, new(0)),
                        _ => tables.Map1G(Address, new(0)),
                    };
                    for (int level = leafLevel; level <= levels; level++)
                    {
                        tables.ChangeEntry(Address, level, set: bits[level - 1], clear: RightsBits & ~bits[level - 1]);
                    }
                },
                Backing.Reader);

            ulong[] path = bits[(leafLevel - 1)..levels];
            AccessRights expected =
                AccessRights.Read |
                (path.All(b => (b & X64Entry.Writable) != 0) ? AccessRights.Write : AccessRights.None) |
                (path.All(b => (b & X64Entry.UserAccess) != 0) ? AccessRights.User : AccessRights.None) |
                (path.Any(b => (b & X64Entry.NoExecute) != 0) ? AccessRights.None : AccessRights.Execute);
            AddressTranslation translation = machine.Space.Translate(Address);
            Assert.Equal(expected, translation.Rights);
            Assert.Equal(expected, Assert.Single(machine.Visit(out _)).Rights);
            Assert.Equal(
                path.Reverse().Select(b => X64Format.Rights(X64Format.Grants(b, 1))),
                translation.Steps.Select(step => step.OwnRights));
        },
        iter: 2_000);

    private static AccessRights RightsWith(int level, ulong set, ulong clear)
    {
        using Machine machine = Machine.With(4, tables => tables
            .Map4K(Address, new(0x5000), X64Entry.Present | X64Entry.Writable | X64Entry.UserAccess).ChangeEntry(Address, level, set, clear));
        return machine.Space.Translate(Address).Rights;
    }
}
