namespace IommuSpy.Linux.Running;

/// <summary>The running kernel does not tell of a process: there is none, or it is not for this user to see. One line.</summary>
public sealed class RunningProcessException : Exception
{
    /// <summary>With what is wrong and what would help.</summary>
    public RunningProcessException(string message)
        : base(message)
    {
    }

    /// <summary>With what is wrong and what caused it.</summary>
    public RunningProcessException(string message, Exception cause)
        : base(message, cause)
    {
    }
}
