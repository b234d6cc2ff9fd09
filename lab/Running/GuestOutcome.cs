namespace IommuSpy.Lab.Running;

/// <summary>What a command left behind that ran in a guest.</summary>
/// <param name="ExitCode">As the shell gives it: 128 and the signal's number where a signal ended it.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record GuestOutcome(int ExitCode, string Output, string Error)
{
    /// <summary>Lines of standard output.</summary>
    public IReadOnlyList<string> Lines { get; } = Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Lines of standard error.</summary>
    public IReadOnlyList<string> ErrorLines { get; } = Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
