using System.Diagnostics;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Programs of this machine that say what ours should.</summary>
internal static class HostTool
{
    /// <summary>Runs one and returns what it printed; fails the test with its words where it fails.</summary>
    public static string Run(string name, params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{name} {string.Join(' ', arguments)}: {error} {output.Result}");
        return output.Result;
    }

    /// <summary>Runs one that may fail, and returns its exit code and what it printed, on both streams.</summary>
    public static (int ExitCode, string Text) Try(string name, params string[] arguments)
    {
        using Process process =
            Process.Start(new ProcessStartInfo(name, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
