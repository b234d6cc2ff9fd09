namespace IommuSpy.Memory.Tests;

/// <summary>What is wrong with something: an image can be wrong in millions of places.</summary>
public class DamageLinesTests
{
    [Fact]
    public void The_first_lines_are_kept_and_the_others_are_counted()
    {
        DamageLines lines = new(2);
        Assert.Empty(lines.All);
        lines.Add("one");
        lines.Add("two");
        Assert.Equal(["one", "two"], lines.All);
        for (int i = 0; i < 1234; i++)
        {
            lines.Add("another");
        }

        Assert.Equal(["one", "two", "and 1234 more like it"], lines.All);
    }
}
