using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Descriptions of structures that have themselves as nameless members.</summary>
public sealed class NestedStructTests
{
    [Fact]
    public void A_structure_in_itself_many_times_is_asked_once()
    {
        StructType? outer = null;
        Member pid = new("pid", 64, 0, () => new IntegerType("int", 4, default));
        List<Member> members = [.. Enumerable.Range(0, 200).Select(_ => new Member("", 0, 0, () => outer!)), pid];
        outer = new("task_struct", 16, false, () => members);
        Assert.Null(outer.Find("none"));
        Assert.Equal(8UL, outer.Find("pid")!.Offset);
    }

    [Fact]
    public void Structures_that_nest_for_ever_have_an_end()
    {
        Assert.Null(Deeper(0).Find("none"));

        static StructType Deeper(int depth) => new("", 16, false, () => [new("", 0, 0, () => Deeper(depth + 1)), new("", 0, 0, () => Deeper(depth + 1))]);
    }
}
