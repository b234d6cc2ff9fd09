namespace IommuSpy.EndToEnd.Tests;

/// <summary>Compares whole outputs, and shows where they first part.</summary>
internal static class LineComparison
{
    private const int Shown = 5;

    /// <summary>Fails where a line is missing, extra or other.</summary>
    public static void Equal(IReadOnlyList<string> oracle, IReadOnlyList<string> ours)
    {
        Assert.NotEmpty(oracle);
        if (oracle.SequenceEqual(ours, StringComparer.Ordinal))
        {
            return;
        }

        string[] missing = [.. oracle.Except(ours, StringComparer.Ordinal)];
        string[] extra = [.. ours.Except(oracle, StringComparer.Ordinal)];
        Assert.Fail(
            $"{oracle.Count} lines of the oracle, {ours.Count} of ours; {missing.Length} missing, {extra.Length} extra" + Environment.NewLine +
            string.Join(Environment.NewLine,
                missing.Take(Shown).Select(line => "missing: " + line).Concat(extra.Take(Shown).Select(line => "extra:   " + line))));
    }
}
