namespace IommuSpy.Cli;

/// <summary>The lines of standard input, one by one: whoever writes them may wait for the answer to one before writing the next.</summary>
internal static class AddressLines
{
    // No address and no symbol is so long: the rest of such a line is not kept.
    private const int LongestLine = 4096;

    private const int Shown = 32;

    /// <summary>Reads them as they come.</summary>
    /// <param name="input">Where from.</param>
    /// <param name="waits">Called before each wait for more: what was answered so far has to be with the reader by then.</param>
    public static IEnumerable<string> Of(Stream input, Action waits) =>
        InputLines.Of(input, LongestLine, waits)

            // What is cut ends in dots, so that it is never taken for an address.
            .Select(line => line.IsCut ? line.Text[..Math.Min(Shown, line.Text.Length)] + "..." : line.Text.Trim());
}
