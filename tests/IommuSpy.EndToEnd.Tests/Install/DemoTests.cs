using System.Diagnostics;
using System.Text.RegularExpressions;

namespace IommuSpy.EndToEnd.Tests.Install;

/// <summary>What README's first command shows: every question of demo.sh gets an answer, on the capture that the demo takes.</summary>
public partial class DemoTests
{
    [Fact]
    public async Task Every_question_of_the_demo_is_answered()
    {
        CancellationToken cancelled = TestContext.Current.CancellationToken;
        ProcessStartInfo start = new("bash", [Path.Combine(Cli.Checkout(), "demo.sh"), Guests.Capture(Guests.All[0].Name).Directory])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["IOMMU_SPY_COMMAND"] = Cli.Program();
        using Process demo = Process.Start(start)!;
        Task<string> output = demo.StandardOutput.ReadToEndAsync(cancelled);
        Task<string> error = demo.StandardError.ReadToEndAsync(cancelled);
        await demo.WaitForExitAsync(cancelled);

        Assert.Equal("", await error);
        Assert.Equal(0, demo.ExitCode);
        string script = await File.ReadAllTextAsync(start.ArgumentList[0], cancelled);
        string[] answers = [.. Question().Split(await output).Skip(1)];
        Assert.Equal(script.Split('\n').Count(line => line.StartsWith("show ", StringComparison.Ordinal)), answers.Length);
        Assert.All(answers, answer => Assert.True(answer.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length > 2, answer));
    }

    [GeneratedRegex(@"^\$ iommu-spy ", RegexOptions.Multiline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Question();
}
