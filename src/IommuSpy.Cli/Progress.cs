using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace IommuSpy.Cli;

/// <summary>How far a long answer is, on standard error, where that is a terminal and it takes more than a second.</summary>
internal sealed class Progress(string what)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly long _start = Stopwatch.GetTimestamp();
    private bool _shown;

    /// <summary>Shows how far the work is.</summary>
    /// <param name="done">From 0 to 1.</param>
    public void Show(double done) => Show(string.Create(CultureInfo.InvariantCulture, $"{done * 100:0} %"));

    /// <summary>The same in words, where nobody knows how much there is.</summary>
    public void Show(string done)
    {
        if (Display.ErrorIsTerminal && Stopwatch.GetElapsedTime(_start) > Patience)
        {
            // What the line before it had more is blanked.
            Draw($"\r{what}: {done}{(_shown ? "\u001b[K" : "")}");
            _shown = true;
        }
    }

    // Drawn over the line that stands there: our own text, but for its end.
    private static void Draw(string line)
    {
        using StandardError error = new();
        error.Write(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>Removes the line from the terminal.</summary>
    public void Clear()
    {
        if (_shown)
        {
            Draw("\r\u001b[K");
        }
    }
}
