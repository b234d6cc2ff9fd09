namespace IommuSpy;

/// <summary>
/// The source has failed: a file that is not there or no image, an image that contradicts itself or has lost a part of its memory, a guest that does not
/// answer. The message is one line and says which. The command line ends with exit code 3 there.
/// </summary>
public sealed class SourceException : Exception
{
    /// <summary>Says what has failed.</summary>
    /// <param name="message">The reason, in one line.</param>
    /// <param name="inner">What brought it about.</param>
    internal SourceException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
