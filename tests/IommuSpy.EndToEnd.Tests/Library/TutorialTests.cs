using System.Diagnostics;
using System.Text.RegularExpressions;
using IommuSpy.Testing;

namespace IommuSpy.EndToEnd.Tests.Library;

/// <summary>The tutorial's commands, run on a guest as docs/tutorial.sh runs them.</summary>
public sealed class TutorialTests
{
    private static readonly Regex Number = new("0x[0-9a-f]+|[0-9]+", RegexOptions.NonBacktracking);

    /// <summary>Addresses and numbers are another guest's, and so are rows: what is asked, and that it is answered, is the same.</summary>
    [Fact]
    public void Every_command_is_answered_and_the_page_asks_what_its_template_asks()
    {
        string docs = Path.Combine(Cli.Checkout(), "docs");
        using TemporaryFile page = TemporaryFile.Nothing();
        ProcessStartInfo start = new(Path.Combine(docs, "tutorial.sh"), [Guests.Capture(Guests.All[0].Name).Directory, page.Path])
        {
            UseShellExecute = false,
            RedirectStandardError = true,
        };
        start.Environment["IOMMU_SPY_COMMAND"] = Cli.Program();
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.Equal((0, ""), (process.ExitCode, error));
        Assert.Equal(Asked(page.Path), Asked(Path.Combine(docs, "tutorial.md")));
    }

    private static string[] Asked(string page) =>
    [
        .. File.ReadLines(page).Where(line => line.StartsWith("$ ", StringComparison.Ordinal) || line.StartsWith('#'))
            .Select(line => Number.Replace(line, "N")),
    ];
}
