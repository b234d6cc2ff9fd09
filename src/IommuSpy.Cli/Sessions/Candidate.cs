using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli.Sessions;

/// <summary>What may stand where a line is completed.</summary>
/// <param name="Text">What is typed.</param>
/// <param name="Shown">How it is listed.</param>
internal readonly record struct Candidate(string Text, string Shown)
{
    /// <summary>A word that is listed as it is typed.</summary>
    public Candidate(string text) : this(text, Printable.Name(text))
    {
    }

    /// <summary>Candidates below one another, in columns of a width.</summary>
    public static IEnumerable<string> Columns(IReadOnlyList<Candidate> all, int width)
    {
        int column = all.Max(one => one.Shown.Length) + 2;
        int columns = Math.Max(1, width / column);
        int rows = (all.Count + columns - 1) / columns;
        for (int row = 0; row < rows; row++)
        {
            yield return string.Concat(Enumerable.Range(0, columns).Select(at => row + (at * rows)).Where(at => at < all.Count)
                .Select(at => all[at].Shown.PadRight(column))).TrimEnd();
        }
    }
}
