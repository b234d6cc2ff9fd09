using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>Guests with the program inside, at /bin/iommu-spy. Boot one for a class of tests: it takes half a minute.</summary>
internal static class LiveGuest
{
    /// <summary>Boots one.</summary>
    /// <param name="spec">The machine.</param>
    /// <param name="files">More files for it.</param>
    public static RunningGuest Boot(CaptureSpec spec, params IEnumerable<GuestFile> files) =>
        RunningGuest.Boot(spec, [.. GuestFile.Program("/bin/iommu-spy", Cli.StandaloneProgram()), .. files],
            say: line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));

    /// <summary>Asserts that a command did what it should.</summary>
    public static GuestOutcome Succeed(this RunningGuest guest, string command, int user = 0)
    {
        GuestOutcome outcome = guest.Run(command, user);
        Assert.True(outcome.ExitCode == 0, $"{command}: exit code {outcome.ExitCode}: {outcome.Error}");
        return outcome;
    }

    /// <summary>Asserts that a command refuses with one line, and returns the line.</summary>
    public static string Refuse(this RunningGuest guest, int exitCode, string command, int user = 0)
    {
        GuestOutcome outcome = guest.Run(command, user);
        Assert.True(outcome.ExitCode == exitCode, $"{command}: exit code {outcome.ExitCode}: {outcome.Error}");
        return Assert.Single(outcome.ErrorLines);
    }
}
