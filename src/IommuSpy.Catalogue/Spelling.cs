namespace IommuSpy.Catalogue;

/// <summary>Which known word was meant by one that is not known.</summary>
internal static class Spelling
{
    /// <summary>"; did you mean NAME?" for the known words that are nearest, or nothing where none is near.</summary>
    /// <param name="word">What was written.</param>
    /// <param name="known">What could have been.</param>
    public static string Suggestion(string word, IEnumerable<string> known)
    {
        string bare = word.TrimStart('-');
        int limit = Math.Max(1, bare.Length / 3);
        (string Name, int Distance)[] near =
        [
            .. known.Where(name => bare.Length > 1 && name.TrimStart('-').Length > 1).Select(name => (name, Distance: Near(bare, name.TrimStart('-'))))
                .Where(pair => pair.Distance <= limit),
        ];
        if (near.Length == 0)
        {
            return "";
        }

        int least = near.Min(pair => pair.Distance);
        return $"; did you "
            + $"mean {string.Join(" or ", near.Where(pair => pair.Distance == least).Select(pair => pair.Name).Distinct(StringComparer.Ordinal).Take(3))}?";
    }

    // A word that the other begins with is as good as one slip of a finger.
    private static int Near(string word, string name) =>
        word.Length > 2 && name.StartsWith(word, StringComparison.OrdinalIgnoreCase) ? 1 : Distance(word.ToUpperInvariant(), name.ToUpperInvariant());

    /// <summary>How many letters have to be put in, left out, changed or swapped with their neighbour to make one word of the other.</summary>
    private static int Distance(string from, string to)
    {
        int[,] cost = new int[from.Length + 1, to.Length + 1];
        for (int row = 0; row <= from.Length; row++)
        {
            for (int column = 0; column <= to.Length; column++)
            {
                if (row == 0 || column == 0)
                {
                    cost[row, column] = row + column;
                    continue;
                }

                int change = cost[row - 1, column - 1] + (from[row - 1] == to[column - 1] ? 0 : 1);
                int least = Math.Min(change, Math.Min(cost[row - 1, column], cost[row, column - 1]) + 1);
                if (row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1])
                {
                    least = Math.Min(least, cost[row - 2, column - 2] + 1);
                }

                cost[row, column] = least;
            }
        }

        return cost[from.Length, to.Length];
    }
}
