using System.Text;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Sessions;

/// <summary>The lines that a user has typed, kept for the next session in a file that nobody else can read.</summary>
internal sealed class SessionHistory
{
    private const int MostLines = 1000;
    private const long MostBytes = 1 << 20;

    private readonly string _path;
    private readonly List<string> _lines;
    private bool _isKept = true;

    private SessionHistory(string path, List<string> lines) => (_path, _lines) = (path, lines);

    /// <summary>The folder where it is: that of the user for what programs keep (XDG Base Directory Specification); null where there is none.</summary>
    public static string? Folder => Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } state && Path.IsPathFullyQualified(state)
        ? Path.Combine(state, CommandRunner.Name)
        : Environment.GetEnvironmentVariable("HOME") is { Length: > 0 } home && Path.IsPathFullyQualified(home)
            ? Path.Combine(home, ".local", "state", CommandRunner.Name)
            : null;

    /// <summary>The lines, the oldest first.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Reads what earlier sessions have kept.</summary>
    public static SessionHistory Read()
    {
        string? path = Folder is string folder ? Path.Combine(folder, "history") : null;
        return new(path ?? "", path is null ? [] : LinesOf(path)) { _isKept = path is not null };
    }

    /// <summary>Keeps a line, unless it begins with a blank or is the last one once more.</summary>
    public void Add(string line)
    {
        if (line.Length == 0 || line[0] == ' ' || _lines is [.., var last] && last == line)
        {
            return;
        }

        _lines.Add(line);
        if (!_isKept)
        {
            return;
        }

        // With what other sessions have kept meanwhile.
        List<string> all = LinesOf(_path);
        all.Add(line);
        try
        {
            byte[] kept = Encoding.UTF8.GetBytes(string.Concat(all.TakeLast(MostLines).Select(one => one + "\n")));
            NewFile.Write(_path, [], force: true, stream => stream.Write(kept));
        }
        catch (MemoryImageException e)
        {
            _isKept = false;
            Output.Problem($"the history is not kept: {e.Message}");
        }
    }

    private static List<string> LinesOf(string path)
    {
        try
        {
            return [.. Encoding.UTF8.GetString(Opener.ReadAll(path, MostBytes)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Where(line => !line.Any(char.IsControl)).TakeLast(MostLines)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
