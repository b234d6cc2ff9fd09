namespace IommuSpy.Cli;

/// <summary>What the command tells the shell.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>The question has no answer here: not mapped, not found.</summary>
    public const int NoAnswer = 1;

    /// <summary>Bad usage.</summary>
    public const int Usage = 2;

    /// <summary>The source is unreadable or corrupt, or the output cannot be written.</summary>
    public const int Source = 3;
}
