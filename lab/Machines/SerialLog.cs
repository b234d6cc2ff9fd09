using System.Text;

namespace IommuSpy.Lab.Machines;

/// <summary>The guest's console, as QEMU writes it to a file.</summary>
internal sealed class SerialLog(string path)
{
    /// <summary>What the collector prints when the oracles are on their disk.</summary>
    public const string ReadyLine = "lab: oracles collected";

    private const int TailLines = 12;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastWordsTime = TimeSpan.FromSeconds(2);
    private static readonly string[] FatalLines = ["Kernel panic", "lab: collector:", "lab: hypervisor:"];

    private const string PanicPrefix = "the guest failed: ";

    /// <summary>
    /// Boots a guest, and once more where its kernel gave up: emulation on a loaded host loses one now and then, and one that fails twice fails for a reason.
    /// </summary>
    /// <param name="boot">Boots it, and leaves nothing behind where that fails.</param>
    /// <param name="say">Receives the line that says so.</param>
    public static T Boot<T>(Func<T> boot, Action<string> say)
    {
        try
        {
            return boot();
        }
        catch (LabException e) when (e.Message.StartsWith(PanicPrefix, StringComparison.Ordinal))
        {
            say($"once more: {e.Message.Split('\n')[0]}");
            return boot();
        }
    }

    /// <summary>Waits until the guest has collected its oracles; a panic, an exit of QEMU or the time limit ends the wait with the log's tail.</summary>
    public void WaitUntilReady(QemuProcess qemu, TimeSpan limit, CancellationToken cancellation)
    {
        long deadline = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            bool exited = qemu.HasExited;
            string text = Text();
            if (text.Contains(ReadyLine, StringComparison.Ordinal))
            {
                return;
            }

            if (text.Split('\n').FirstOrDefault(line => Array.Exists(FatalLines, fatal => line.Contains(fatal, StringComparison.Ordinal))) is { } fatal)
            {
                // What follows the line says more.
                qemu.WaitForExit(LastWordsTime);
                throw new LabException($"{PanicPrefix}{fatal.Trim()}{Tail(Text())}");
            }

            if (exited)
            {
                throw new LabException($"QEMU ended before the guest was ready: {qemu.LastWords()}{Tail(text)}");
            }

            if (Environment.TickCount64 > deadline)
            {
                throw new LabException($"the guest was not ready after {limit.TotalSeconds:0} s{Tail(text)}");
            }

            cancellation.WaitHandle.WaitOne(PollInterval);
        }
    }

    /// <summary>The last lines of it, each behind a line feed.</summary>
    public string LastLines() => Tail(Text());

    /// <summary>All that the guest has said.</summary>
    public string Text()
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(file, Encoding.Latin1);
            return reader.ReadToEnd();
        }
        catch (FileNotFoundException)
        {
            return "";
        }
    }

    private static string Tail(string text)
    {
        IEnumerable<string> lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).TakeLast(TailLines);
        return string.Concat(lines.Select(line => "\n    " + line));
    }
}
