using System.ComponentModel;
using System.Diagnostics;

namespace IommuSpy.Lab.Host;

/// <summary>Runs a program of the host to its end.</summary>
internal static class HostCommand
{
    /// <summary>Runs <paramref name="program"/> and returns its standard output; a failure becomes one line with the last thing the program said.</summary>
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
            string said = errors.GetAwaiter().GetResult() + output;
            string last = said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault() ?? "(it said nothing)";
            throw new LabException($"{program} failed with exit code {process.ExitCode}: {last}");
        }

        return output;
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
}
