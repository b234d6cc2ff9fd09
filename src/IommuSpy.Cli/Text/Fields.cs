using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Text;

/// <summary>Named lines, as explain and info show them: the name in a column, what it is beside it, a lesson below where one is asked for.</summary>
internal sealed class Fields(TextWriter writer, bool teach)
{
    private const int NameWidth = 11;

    /// <summary>Writes a line; one without a name goes on with the line before.</summary>
    /// <param name="name">At most 10 characters.</param>
    /// <param name="text">What it is; null writes nothing.</param>
    /// <param name="lesson">What it means, in a sentence.</param>
    public void Line(string name, string? text, string? lesson = null)
    {
        if (text is null)
        {
            return;
        }

        writer.WriteLine($"  {name.PadRight(NameWidth)}{Printable.Of(text)}".TrimEnd());
        if (teach && lesson is not null)
        {
            foreach (string line in Wrap(lesson))
            {
                writer.WriteLine($"  {new string(' ', NameWidth)}| {line}");
            }
        }
    }

    private static IEnumerable<string> Wrap(string text)
    {
        const int Width = 100;
        while (text.Length > Width)
        {
            int space = text.LastIndexOf(' ', Width);
            yield return text[..space];
            text = text[(space + 1)..];
        }

        yield return text;
    }
}
