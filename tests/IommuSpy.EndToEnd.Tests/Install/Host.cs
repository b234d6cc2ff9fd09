using System.Diagnostics;

namespace IommuSpy.EndToEnd.Tests.Install;

/// <summary>Runs a program of this machine's that installation is checked with.</summary>
internal static class Host
{
    /// <summary>What a program printed on both streams; the test fails unless it ends with 0.</summary>
    public static string Run(string program, params string[] arguments)
    {
        (int exitCode, string text) = Try(program, arguments);
        Assert.True(exitCode == 0, $"{program} {string.Join(' ', arguments)}: exit code {exitCode}: {text}");
        return text;
    }

    /// <summary>What a program printed on both streams, and its exit code.</summary>
    public static (int ExitCode, string Text) Try(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
