using IommuSpy.Analysis.Types;
using IommuSpy.Linux.Types.Btf;
using IommuSpy.Testing.Types;

namespace IommuSpy.Analysis.Tests.Types;

/// <summary>How structures are laid out on paper: the numbers are those that pahole prints of the same C.</summary>
public class TypeReportTests
{
    // struct s { char c; /* 3 bytes hole */ int i; unsigned a:3; unsigned b:30; union { char d; struct { long x, y; }; }; char e; };
    [Fact]
    public void Holes_bit_fields_and_anonymous_members_are_counted()
    {
        BtfBuilder blob = new();
        uint character = blob.Integer("char", 1, encoding: 2);
        uint integer = blob.Integer("unsigned int", 4);
        uint large = blob.Integer("long", 8, encoding: 1);
        uint pair = blob.Struct("", 16, [new("x", large, 0), new("y", large, 64)]);
        uint either = blob.Struct("", 16, [new("d", character, 0), new("", pair, 0)], kind: 5);
        blob.Struct("s", 40,
            [new("c", character, 0), new("i", integer, 32), new("a", integer, 64, 3), new("b", integer, 96, 30), new("", either, 128),
                new("e", character, 256)]);
        TypeReport report = TypeReport.Of(BtfTypes.Read(blob.Build(), "built")!.Struct("s"), "built");

        Assert.Equal(("struct", 40UL, 3, 55UL, 56UL), (report.Kind, report.Bytes, report.Holes, report.HoleBits, report.Padding));
        Assert.Equal(
            ["char c @0", "unsigned int i @4", "unsigned int a @8:0/3", "unsigned int b @12:0/30", "union {...} @16", "char e @32"],
            report.Members!.Select(member => $"{member.Declaration} @{member.Offset.Value}{(member.Bits is int bits ? $":{member.BitOffset}/{bits}" : "")}"));
        MemberReport union = report.Members![4];
        Assert.Equal(["d @16", " @16"], union.Members!.Select(member => $"{member.Name} @{member.Offset.Value}"));
        Assert.Equal(["x @16", "y @24"], union.Members![1].Members!.Select(member => $"{member.Name} @{member.Offset.Value}"));
    }

    [Fact]
    public void A_structure_that_holds_itself_without_a_name_ends()
    {
        BtfBuilder blob = new();
        BtfBuilder.Member[] twice = [new("", 1, 0), new("", 1, 0), new("", 1, 0), new("", 1, 0)];
        blob.Struct("", 8, twice);
        blob.Struct("s", 8, twice);
        Assert.InRange(Count(TypeReport.Of(BtfTypes.Read(blob.Build(), "built")!.Struct("s"), "built").Members!), 4, 1 << 15);
    }

    private static int Count(IReadOnlyList<MemberReport> members) => members.Sum(member => 1 + (member.Members is null ? 0 : Count(member.Members)));
}
