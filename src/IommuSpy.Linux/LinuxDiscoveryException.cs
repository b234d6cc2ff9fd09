namespace IommuSpy.Linux;

/// <summary>No Linux kernel could be made out in an image, or too little of one to say anything true. The message is one line.</summary>
public sealed class LinuxDiscoveryException : Exception
{
    /// <summary>An exception with no message: use the others.</summary>
    public LinuxDiscoveryException()
    {
    }

    /// <summary>An exception that says what was looked for and not found.</summary>
    public LinuxDiscoveryException(string message)
        : base(message)
    {
    }

    /// <summary>An exception that says what was looked for and not found, and what caused it.</summary>
    public LinuxDiscoveryException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
