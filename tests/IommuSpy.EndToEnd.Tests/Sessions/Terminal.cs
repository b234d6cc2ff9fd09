using System.Diagnostics;

namespace IommuSpy.EndToEnd.Tests.Sessions;

/// <summary>A terminal that a test types on and reads: tmux has it, of 24 lines and so many columns.</summary>
internal sealed class Terminal : IDisposable
{
    private const string Ended = "ended with";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static int _count;

    private readonly string _socket = $"iommu-spy-test-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";

    /// <summary>Starts a program in one.</summary>
    /// <param name="command">The program, as sh runs it.</param>
    /// <param name="columns">How wide it is.</param>
    public Terminal(string command, int columns = 100)
    {
        // What the program leaves stays on the screen, with how it ended. A shell says that: tmux 3.3 can miss for ever that its own child has ended.
        string settings = Path.GetTempFileName();
        File.WriteAllText(settings, "set -g status off\n");
        Tmux("-f", settings, "new-session", "-d", "-x", $"{columns}", "-y", "24", $"trap : INT; {command}; printf '\\n{Ended} %s.' $?; exec sleep 1000");
        File.Delete(settings);
    }

    /// <summary>The screen's lines, without those below the last.</summary>
    public string Screen => Tmux("capture-pane", "-p").TrimEnd();

    /// <summary>Types text as it is.</summary>
    public void Type(string text) => Tmux("send-keys", "-l", text);

    /// <summary>Presses a key by tmux's name for it: Enter, Tab, Up, C-c.</summary>
    public void Press(params string[] keys) => Tmux(["send-keys", .. keys]);

    /// <summary>Waits until the screen is as a test wants it.</summary>
    public string WaitFor(Func<string, bool> isSo)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (true)
        {
            string screen = Screen;
            if (isSo(screen))
            {
                return screen;
            }

            Assert.True(watch.Elapsed < Patience, $"the terminal still shows:\n{screen}");
            Thread.Sleep(20);
        }
    }

    /// <summary>Waits until the program has ended with this exit code.</summary>
    public void WaitForEnd(int exitCode) =>
        Assert.EndsWith($"\n{Ended} {exitCode}.", WaitFor(screen => screen.EndsWith('.') && screen.Contains($"\n{Ended} ", StringComparison.Ordinal)));

    /// <summary>Waits until the last line is this.</summary>
    public string WaitForLast(string line) => WaitFor(screen => screen.Split('\n')[^1].TrimEnd() == line);

    /// <inheritdoc/>
    public void Dispose() => HostTool.Try("tmux", "-L", _socket, "kill-server");

    private string Tmux(params string[] arguments) => HostTool.Run("tmux", ["-L", _socket, .. arguments]);
}
