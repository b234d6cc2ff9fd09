using System.Diagnostics;
using System.Globalization;

namespace IommuSpy.Cli;

/// <summary>How far a long answer is, on standard error, where that is a terminal and it takes more than a second.</summary>
internal sealed class Progress(string what)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly long _start = Stopwatch.GetTimestamp();
    private bool _shown;

    /// <summary>Shows it.</summary>
    /// <param name="done">From 0 to 1.</param>
    public void Show(double done)
    {
        if (!Console.IsErrorRedirected && Stopwatch.GetElapsedTime(_start) > Patience)
        {
            _shown = true;
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{what}: {done * 100:0} %"));
        }
    }

    /// <summary>Takes it away.</summary>
    public void Clear()
    {
        if (_shown)
        {
            Console.Error.Write("\r\u001b[K");
        }
    }
}
