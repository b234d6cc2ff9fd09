using System.Diagnostics;
using System.Globalization;

namespace IommuSpy.EndToEnd.Tests.Library;

/// <summary>
/// The library as a package in a feed of its own, and the samples beside it, in a temporary folder: nothing of it stays, and nothing comes from elsewhere but
/// packages that building this project has fetched.
/// </summary>
public sealed class SampleFeed : IDisposable
{
    private const string PackagesVariable = "NUGET_PACKAGES";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("iommu-spy-samples-");

    public SampleFeed()
    {
        string samples = Path.Combine(Cli.Checkout(), "samples");
        foreach (string file in Directory.GetFiles(samples))
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }

        string fetched = Environment.GetEnvironmentVariable(PackagesVariable) is { Length: > 0 } named ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        File.WriteAllText(Path.Combine(_folder.FullName, "nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="packages" /></config>
              <packageSources><clear /><add key="feed" value="feed" /></packageSources>
              <fallbackPackageFolders><add key="fetched" value="{fetched}" /></fallbackPackageFolders>
            </configuration>
            """);
        string configuration = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
        Run(Cli.Checkout(), "pack", "src/IommuSpy", "-c", configuration, "--no-build", "-v", "q", "-o", Path.Combine(_folder.FullName, "feed"));
    }

    /// <summary>The lines of a sample's output.</summary>
    /// <param name="sample">The sample's file without its ending.</param>
    /// <param name="arguments">Its arguments.</param>
    public string[] Output(string sample, params string[] arguments) =>
        Run(_folder.FullName, ["run", $"{sample}.cs", "--", .. arguments]).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <inheritdoc/>
    public void Dispose() => _folder.Delete(recursive: true);

    private string Run(string folder, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet", arguments)
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // What is built for a sample lies in these folders, and no server that compiles outlives them.
        start.Environment["TMPDIR"] = _folder.FullName;
        start.Environment["XDG_DATA_HOME"] = _folder.FullName;
        start.Environment["UseSharedCompilation"] = "false";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment.Remove(PackagesVariable);
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"no answer in {Patience}: dotnet {string.Join(' ', arguments)}");
        }

        Assert.True(process.ExitCode == 0,
            string.Create(CultureInfo.InvariantCulture, $"dotnet {string.Join(' ', arguments)}: {process.ExitCode}\n{output.Result}\n{error.Result}"));
        return output.Result;
    }
}
