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
    public void Show(double done)
    {
        if (Display.ErrorIsTerminal && Stopwatch.GetElapsedTime(_start) > Patience)
        {
            _shown = true;
            Show(string.Create(CultureInfo.InvariantCulture, $"\r{what}: {done * 100:0} %"));
        }
    }

    // Drawn over the line that stands there: our own text, but for its end.
    private static void Show(string line)
    {
        using StandardError error = new();
        error.Write(Encoding.UTF8.GetBytes(line));
    }

    /// <summary>Removes the line from the terminal.</summary>
    public void Clear()
    {
        if (_shown)
        {
            Show("\r\u001b[K");
        }
    }
}
