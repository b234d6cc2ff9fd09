using System.Text;

namespace IommuSpy.Cli.Tests;

/// <summary>Lines of an input, however it comes in.</summary>
public class InputLinesTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "a")]
    [InlineData("a\n", "a")]
    [InlineData("a\n\nb", "a||b")]
    [InlineData("12345678\n123456789\nx\n", "12345678|12345678!|x")]
    public void They_are_whole_or_cut_where_they_are_too_long(string input, string expected)
    {
        foreach (int step in new[] { 1, 2, 3, 1000 })
        {
            using Dripping stream = new(Encoding.UTF8.GetBytes(input), step);
            int waits = 0;
            string[] lines = [.. InputLines.Of(stream, longest: 8, () => waits++).Select(line => line.Text + (line.IsCut ? "!" : ""))];
            Assert.Equal(expected.Length == 0 ? [] : expected.Split('|'), lines);
            Assert.Equal(stream.Reads, waits);
        }
    }

    // A pipe gives what there is.
    private sealed class Dripping(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public int Reads { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            Reads++;
            return base.Read(buffer, offset, Math.Min(count, step));
        }
    }
}
