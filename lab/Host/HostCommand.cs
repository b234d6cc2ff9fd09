using System.ComponentModel;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace IommuSpy.Lab.Host;

/// <summary>Runs a program of the host to its end.</summary>
internal static partial class HostCommand
{
    private const int KeptLogs = 20;

    /// <summary>
    /// Runs <paramref name="program"/> and returns its standard output; a failure becomes one line with the first things that the program said of it, and the
    /// whole in a log.
    /// </summary>
    /// <param name="environment">Variables to set for the program, beside the inherited ones.</param>
    public static string Run(
        string program,
        IEnumerable<string> arguments,
        CancellationToken cancellation,
        IReadOnlyDictionary<string, string>? environment = null,
        string? workingDirectory = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = workingDirectory ?? "",
        };
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using Process process = Start(start);
        process.StandardInput.Close();
        using CancellationTokenRegistration registration = cancellation.Register(() => process.Kill(entireProcessTree: true));
        Task<string> errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode != 0)
        {
            string command = string.Join(' ', arguments.Prepend(program));
            throw Failure(program, process.ExitCode, command, errors.GetAwaiter().GetResult() + output);
        }

        return output;
    }

    // What make and compilers print last is that they failed; why comes first.
    internal static LabException Failure(string program, int exitCode, string command, string said)
    {
        string name = Path.GetFileName(program);
        string log = Path.Combine(LabDirectories.Logs, $"{DateTime.UtcNow:yyyyMMdd-HHmmss}-{name}-{Path.GetRandomFileName()[..8]}.log");
        File.WriteAllText(log, $"{command}\n{said}");
        foreach (FileInfo old in new DirectoryInfo(LabDirectories.Logs).GetFiles("*.log").OrderByDescending(file => file.Name, StringComparer.Ordinal)
            .Skip(KeptLogs))
        {
            old.Delete();
        }

        return new LabException($"{name} failed with exit code {exitCode}: {FirstReasons(said)} (all of it: {log})");
    }

    /// <summary>The first three lines that speak of what went wrong; the first three of any where none does.</summary>
    internal static string FirstReasons(string said)
    {
        string[] lines = [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        string[] reasons = [.. lines.Where(line => Reason().IsMatch(line)).Take(3)];
        return lines.Length == 0 ? "it said nothing" : string.Join(" | ", reasons.Length > 0 ? reasons : lines.Take(3));
    }

    /// <summary>Starts a program, with a message of one line if there is none of that name.</summary>
    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new LabException($"{start.FileName} did not start");
        }
        catch (Win32Exception error)
        {
            throw new LabException($"{start.FileName} did not start: {error.Message}", error);
        }
    }

    /// <summary>Where <paramref name="program"/> is: on the PATH or in the directories of system programs, which many users' PATH lacks.</summary>
    public static string? Find(string program)
    {
        IEnumerable<string> directories = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin", "/usr/bin", "/bin"]);
        return directories.Where(directory => directory.Length > 0).Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
    }

    [GeneratedRegex(@"error|fatal|not found|no such|cannot|could not|unable|denied|undefined|^E: |\*\*\*",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Reason();
}
