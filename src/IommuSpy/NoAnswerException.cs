namespace IommuSpy;

/// <summary>
/// The question has no answer here: no such process, symbol or device in this machine, nothing mapped at that address, or no description of the kernel's types
/// that would tell. The message is one line and says which. The command line ends with exit code 1 there.
/// </summary>
public sealed class NoAnswerException : Exception
{
    /// <summary>Says why there is no answer.</summary>
    /// <param name="message">The reason, in one line.</param>
    /// <param name="inner">What brought it about; null for nothing else.</param>
    internal NoAnswerException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
