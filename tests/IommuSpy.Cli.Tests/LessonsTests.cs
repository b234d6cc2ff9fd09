using IommuSpy.Cli.Text;
using IommuSpy.Linux.Layout;

namespace IommuSpy.Cli.Tests;

/// <summary>What --teach says.</summary>
public sealed class LessonsTests
{
    private static readonly RegionKind[] Kernel =
        [.. Enum.GetValues<RegionKind>().Where(kind => kind is not (RegionKind.UserSpace or RegionKind.NonCanonical))];

    [Fact]
    public void Every_region_of_the_kernel_has_a_lesson_of_its_own()
    {
        string[] lessons = [.. Kernel.Select(kind => Lessons.Region(new("it", new(0), new(1), new(0), null, kind, null)))];
        Assert.Equal(lessons.Length, lessons.Distinct(StringComparer.Ordinal).Count());
        Assert.DoesNotContain(lessons, lesson => lesson.Contains("parts that the address space", StringComparison.Ordinal));
    }

    [Fact]
    public void What_other_releases_document_is_said_with_the_region()
    {
        string lesson = Lessons.Region(new("it", new(0), new(1), new(0), null, RegionKind.Hole, "the direct map (Linux 3.x)"));
        Assert.EndsWith("Other releases document something else at this address: the direct map (Linux 3.x).", lesson, StringComparison.Ordinal);
    }

    [Fact]
    public void Flags_are_explained_once_each_and_unknown_ones_not_at_all()
    {
        Assert.Equal("P present, NX no code.", Lessons.Flags(["P", "NX", "P", "PK=3"]));
        Assert.Null(Lessons.Flags([]));
    }
}
