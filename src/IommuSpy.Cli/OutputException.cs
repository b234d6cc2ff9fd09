namespace IommuSpy.Cli;

/// <summary>Standard output takes no more.</summary>
/// <param name="reason">Why, in the system's words.</param>
/// <param name="isClosed">Whether its reader has gone, as head does when it has its lines.</param>
internal sealed class OutputException(string reason, bool isClosed) : IOException($"standard output: {reason}")
{
    /// <summary>Whether its reader has gone.</summary>
    public bool IsClosed { get; } = isClosed;
}
